#![deny(warnings)]

use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(user = name)]
fn handle(name: String, id: u64, mut count: u64) -> u64 {
    count
}

#[with_context(user = name)]
async fn handle_later(name: String, id: u64, mut count: u64) -> u64 {
    count
}

fn main() {
    handle(String::new(), 1, 2);
    let _future = handle_later(String::new(), 1, 2);
}
