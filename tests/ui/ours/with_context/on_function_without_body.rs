use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

trait Server {
    #[with_context(user = String::new())]
    fn handle(&self);
}

fn main() {}
