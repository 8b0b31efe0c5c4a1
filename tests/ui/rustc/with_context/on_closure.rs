use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

fn main() {
    let handle = #[with_context(user = String::new())]
    || USER.get();
    handle();
}
