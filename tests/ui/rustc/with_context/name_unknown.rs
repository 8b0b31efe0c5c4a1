use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(usr = String::new())]
fn variable() {}

#[with_context(user = name)]
fn argument(id: u64) {}

fn main() {}
