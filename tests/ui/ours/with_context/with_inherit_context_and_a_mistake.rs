use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

use context_vars::inherit_context;

#[with_context(user: String::new())]
#[inherit_context]
fn handle() {
    let job = #[inherit_context]
    || ();
    job();
}

fn main() {}
