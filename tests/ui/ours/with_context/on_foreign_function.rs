use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

unsafe extern "C" {
    #[with_context(user = String::new())]
    fn handle();
}

fn main() {}
