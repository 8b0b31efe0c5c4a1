use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(crate = context_vars, crate = ::context_vars)]
fn handle() {}

fn main() {}
