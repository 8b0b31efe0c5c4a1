use context_vars::inherit_context;

fn spawn(_: impl FnOnce()) {}

#[inherit_context]
fn handle(name: u64) {
    spawn(name);
}

fn main() {}
