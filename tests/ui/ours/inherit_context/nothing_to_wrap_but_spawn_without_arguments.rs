use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    std::process::Command::new("true").spawn().unwrap();
}

fn main() {}
