use context_vars::inherit_context;

use context_vars::{context_var, with_context};

context_var!(static USER: String;);

#[inherit_context(now)]
#[with_context(user = String::new())]
fn handle() {
    let job = #[detach_context]
    || USER.get();
    job();
}

fn main() {}
