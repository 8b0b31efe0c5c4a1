use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(user = name().await)]
fn handle() {}

async fn name() -> String {
    String::new()
}

fn main() {}
