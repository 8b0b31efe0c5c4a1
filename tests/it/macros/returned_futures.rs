//! `#[with_context]` on functions that return a future without being `async`.

use std::future::ready;
use std::pin::Pin;
use std::task::Poll;

use context_vars::with_context;
use futures::future::{BoxFuture, FutureExt, LocalBoxFuture};

use super::{USER, as_alice, assert_outside, later, user};
use crate::support::poll_once;

#[with_context(user = name)]
fn opaque(name: String) -> impl Future<Output = (String, String)> + Send {
    let eager = user();
    async { (eager, later().await) }
}

#[with_context(user = name.to_owned())]
fn pinned<'a>(name: &'a str) -> Pin<Box<dyn Future<Output = String> + Send + 'a>> {
    if name.is_empty() {
        return Box::pin(ready(format!("empty {}", user())));
    }
    Box::pin(async move { format!("{name} {}", later().await) })
}

#[with_context(user = name)]
fn box_future(name: String) -> BoxFuture<'static, String> {
    async { user() }.boxed()
}

#[with_context(user = name.to_owned())]
fn local_box_future(name: &str) -> LocalBoxFuture<'_, String> {
    let here = std::rc::Rc::new(5);
    async move { format!("{here}{name}{}", user()) }.boxed_local()
}

#[with_context(user = name)]
fn unpin(name: String) -> Box<dyn Future<Output = String> + Unpin> {
    Box::new(Box::pin(async { user() }))
}

#[with_context(user = name)]
fn pinned_opaque(name: String) -> Pin<Box<impl Future<Output = String> + Send>> {
    Box::pin(later())
}

#[with_context(user = name)]
fn boxed_opaque(name: String) -> Box<impl Future<Output = String> + Unpin> {
    Box::new(Box::pin(async { user() }))
}

#[with_context(user = name)]
fn sets(name: String) -> impl Future<Output = String> {
    USER.set(user() + " eager");
    async { user() }
}

#[with_context(user = name)]
fn returns_early(name: String) -> impl Future<Output = Option<u8>> {
    async {
        assert_eq!(user(), "q");
        None::<u8>?;
        Some(1)
    }
}

#[tokio::test]
async fn the_scope_holds_the_body_and_the_future() {
    assert_eq!(opaque("a".into()).await, ("a".to_owned(), "a".to_owned()));
    assert_eq!(pinned("b").await, "b b");
    assert_eq!(pinned("").await, "empty ");
    assert_eq!(box_future("c".into()).await, "c");
    assert_eq!(local_box_future("d").await, "5dd");
    assert_eq!(unpin("e".into()).await, "e");
    assert_eq!(pinned_opaque("p".into()).await, "p");
    assert_eq!(boxed_opaque("o".into()).await, "o");
    assert_eq!(sets("f".into()).await, "f eager");
    assert_eq!(returns_early("q".into()).await, None);
    assert_outside();
}

#[with_context(user = user() + "!")]
fn reads_at_the_call() -> impl Future<Output = String> {
    async { user() }
}

#[test]
fn the_scope_begins_at_the_call() {
    let mut future = Box::pin(as_alice(reads_at_the_call));
    assert_outside();
    assert_eq!(poll_once(future.as_mut()), Poll::Ready("alice!".to_owned()));
    assert_outside();
}

#[test]
fn nothing_is_left_while_it_is_pending_nor_when_it_is_dropped() {
    let mut future = Box::pin(opaque("alice".into()));
    assert_outside();
    assert_eq!(poll_once(future.as_mut()), Poll::Pending);
    assert_outside();
    drop(future);
    assert_outside();
}
