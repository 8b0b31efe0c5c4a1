use std::pin::Pin;

use context_vars::inherit_context;

fn spawn<T>(work: Pin<Box<dyn Future<Output = T>>>) {
    drop(work);
}

#[inherit_context]
fn handle<T>(work: Pin<Box<dyn Future<Output = T>>>) {
    spawn(work);
}

fn main() {}
