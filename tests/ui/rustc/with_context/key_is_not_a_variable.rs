use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

static NAME: &str = "";

#[with_context(name = String::new())]
fn handle() {}

fn main() {}
