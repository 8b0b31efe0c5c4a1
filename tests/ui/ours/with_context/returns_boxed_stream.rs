use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

use futures::stream::{self, BoxStream, StreamExt};

#[with_context(user = String::new())]
fn requests() -> BoxStream<'static, u64> {
    stream::empty().boxed()
}

fn main() {}
