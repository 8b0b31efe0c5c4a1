use context_vars::context_var;

context_var! {
    pub struct User {
        name: String,
    }
}

fn main() {}
