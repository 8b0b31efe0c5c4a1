use std::pin::Pin;
use std::sync::Arc;

use context_vars::with_context;
use futures::stream::{self, BoxStream, Stream, StreamExt};

#[with_context(user = 5)]
fn closure() -> impl Fn() -> u64 {
    || 1
}

#[with_context(user = 5)]
fn boxed_closure() -> Box<dyn FnOnce() -> u64> {
    Box::new(|| 1)
}

#[with_context(user = 5)]
fn shared_closure() -> Option<Arc<dyn Fn() -> u64>> {
    None
}

#[with_context(user = 5)]
fn iterator() -> impl Iterator<Item = u64> {
    [1].into_iter()
}

#[with_context(user = 5)]
fn boxed_iterator() -> Box<dyn Iterator<Item = u64>> {
    Box::new([1].into_iter())
}

#[with_context(user = 5)]
fn stream() -> impl Stream<Item = u64> {
    stream::empty()
}

#[with_context(user = 5)]
fn boxed_stream() -> BoxStream<'static, u64> {
    stream::empty().boxed()
}

#[with_context(user = 5)]
fn future_in_result() -> Result<impl Future<Output = u64>, String> {
    Ok(async { 5 })
}

#[with_context(user = 5)]
fn future_in_option() -> Option<Pin<Box<dyn Future<Output = u64>>>> {
    None
}

#[with_context(user = 5)]
fn into_future() -> impl IntoFuture<Output = u64> {
    async { 5 }
}

fn main() {}
