use context_vars::inherit_context;

fn spawn(job: impl Fn(usize)) {
    (job(0), job(1));
}

#[inherit_context]
fn handle(name: String) {
    spawn(|n| println!("{n} {name}"));
}

fn main() {}
