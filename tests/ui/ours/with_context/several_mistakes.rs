use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(user: String::new(), Id = 5, "x" = 1, user = a b)]
const fn handle() {
    #[detach_context]
    5;
}

fn main() {}
