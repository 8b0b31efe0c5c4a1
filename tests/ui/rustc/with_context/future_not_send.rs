use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

use std::rc::Rc;

#[with_context(user = String::new())]
async fn handle() {
    let count = Rc::new(5);
    std::future::ready(()).await;
    drop(count);
}

fn assert_send(_: impl Send) {}

fn main() {
    assert_send(handle());
}
