use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

struct Server;

#[with_context(user = String::new())]
impl Server {
    fn handle(&self) {}
}

fn main() {}
