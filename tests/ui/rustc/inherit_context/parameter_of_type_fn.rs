use context_vars::inherit_context;

fn spawn(job: fn()) {
    job();
}

fn work() {}

#[inherit_context]
fn handle() {
    spawn(work);
    spawn(|| work());
}

fn main() {}
