use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(UserName = String::new(), vars::userId = 5)]
fn handle() {}

fn main() {}
