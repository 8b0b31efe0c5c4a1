use context_vars::inherit_context;

fn spawn(_: impl FnOnce() -> u64) {}

#[inherit_context]
fn handle() {
    spawn(|| 5 5);
}

fn main() {}
