use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(user = name)]
fn handle(id: u64) {}

fn main() {}
