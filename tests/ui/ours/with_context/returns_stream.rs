use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

use futures::stream::{self, Stream};

#[with_context(user = String::new())]
fn requests() -> impl Stream<Item = u64> {
    stream::empty()
}

fn main() {}
