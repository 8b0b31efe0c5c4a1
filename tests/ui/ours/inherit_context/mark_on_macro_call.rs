use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    #[inherit_context]
    println!();
}

fn main() {}
