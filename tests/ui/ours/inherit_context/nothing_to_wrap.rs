use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    println!("nobody spawns");
}

fn main() {}
