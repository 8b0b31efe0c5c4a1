use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(user = String::new())]
fn handle() {
    let job = #[inherit_context(user = 5)]
    || ();
    job();
}

fn main() {}
