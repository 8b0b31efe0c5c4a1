use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

use std::pin::Pin;

#[with_context(user = String::new())]
fn request() -> Option<Pin<Box<dyn Future<Output = u64>>>> {
    None
}

fn main() {}
