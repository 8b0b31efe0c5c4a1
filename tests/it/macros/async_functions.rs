//! `#[with_context]` on `async fn`s.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::pin::pin;
use std::task::Poll;

use context_vars::with_context;

use super::{ID, USER, assert_outside, later, user};
use crate::support::{panic_text, poll_once, yield_once};

#[with_context(user = name, id = id)]
async fn handle(name: String, id: u64) -> (String, u64) {
    assert_eq!(user(), later().await);
    (user(), ID.get())
}

#[tokio::test]
async fn two_of_them_do_not_see_each_other() {
    let (a, b) = tokio::join!(handle("a".into(), 1), handle("b".into(), 2));
    assert_eq!((a, b), (("a".to_owned(), 1), ("b".to_owned(), 2)));
    assert_outside();
}

#[test]
fn nothing_is_left_while_it_is_pending_nor_when_it_is_dropped_half_way() {
    let mut future = Box::pin(handle("alice".into(), 5));
    assert_eq!(poll_once(future.as_mut()), Poll::Pending);
    assert_outside();
    drop(future);
    assert_outside();
}

#[test]
fn it_begins_at_the_first_poll() {
    #[with_context(user = user() + "!")]
    async fn inner() -> String {
        user()
    }
    let future = pin!(USER.scope("outer".to_owned(), inner()));
    assert_eq!(poll_once(future), Poll::Ready("outer!".to_owned()));
}

#[with_context(user = text.to_owned())]
async fn fails(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    assert_eq!(user(), text);
    if later().await == "zero" {
        return Ok(0);
    }
    let number: u8 = text.parse()?;
    if number > 100 {
        Err("too many")?;
    }
    Ok(number)
}

#[tokio::test]
async fn question_marks_and_returns_are_the_functions_own() {
    assert_eq!(fails("5").await.unwrap(), 5);
    assert_eq!(fails("zero").await.unwrap(), 0);
    assert!(fails("five").await.is_err());
    assert_eq!(fails("101").await.unwrap_err().to_string(), "too many");
    assert_outside();
}

#[with_context(user = "never".into())]
async fn never(stop: bool) -> ! {
    if stop {
        panic!("as {}", later().await);
    }
    std::future::pending().await
}

/// Diverges, though its type does not say so.
#[with_context(user = "nothing".into())]
async fn panics() {
    panic!("as {}", later().await)
}

/// Its type has no values, of which rustc warns where code follows a call that returns it.
#[deny(warnings)]
#[with_context(user = "no value".into())]
async fn has_no_value() -> Infallible {
    panic!("as {}", later().await)
}

#[tokio::test]
async fn it_ends_at_a_panic() {
    let panic = tokio::spawn(never(true)).await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*panic), "as never");
    let panic = tokio::spawn(panics()).await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*panic), "as nothing");
    let panic = tokio::spawn(has_no_value()).await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*panic), "as no value");
    assert_outside();
}

#[allow(clippy::multiple_bound_locations)]
#[with_context(user = what.to_string())]
async fn generic<T: Display, const N: usize>(what: T, many: &[u8; N]) -> (String, usize)
where
    T: Clone,
{
    (later().await + &what.to_string(), many.len())
}

#[with_context(user = first.to_owned())]
async fn lifetimes<'a>(first: &'a str, second: &str) -> (&'a str, usize) {
    (first, second.len() + later().await.len())
}

#[with_context(user = what.to_string())]
async fn impl_in_both_places(what: impl Display) -> impl Display {
    format!("{}{what}", later().await)
}

#[with_context(user = format!("{a}{b}"))]
async fn patterns((a, _): (u8, u8), [b, ..]: [u8; 3], mut n: u8, _: String, ref r: u8) -> String {
    n += 1;
    format!("{}{n}{r}", later().await)
}

#[with_context(user = "unsafe".into())]
async unsafe fn is_unsafe(pointer: &u8) -> u8 {
    yield_once().await;
    *pointer
}

#[with_context(user = format!("{n}"))]
async fn recursive(n: u8) -> String {
    if n == 0 {
        user()
    } else {
        Box::pin(recursive(n - 1)).await + &user()
    }
}

#[with_context]
async fn only_isolates() {
    USER.set("inside".to_owned());
    assert_eq!(later().await, "inside");
}

#[tokio::test]
async fn every_kind_of_signature() {
    assert_eq!(generic(5, &[1, 2]).await, ("55".to_owned(), 2));
    assert_eq!(lifetimes("ab", "c").await, ("ab", 3));
    assert_eq!(impl_in_both_places(5).await.to_string(), "55");
    let seen = patterns((1, 0), [2, 0, 0], 3, String::new(), 9);
    assert_eq!(seen.await, "1249");
    // SAFETY: It does nothing that is not safe.
    assert_eq!(unsafe { is_unsafe(&5) }.await, 5);
    assert_eq!(recursive(2).await, "012");
    only_isolates().await;
    assert_outside();
}

#[test]
fn it_is_send_when_the_function_is() {
    fn assert_send<F: Future + Send>(_: F) {}
    assert_send(handle(String::new(), 1));
    assert_send(fails(""));
    assert_send(generic(5, &[]));
    assert_send(recursive(1));
}

#[with_context(user = "inferred".into())]
async fn inferred() -> [u64; 2] {
    let numbers = ["1", "2"].map(|text| text.parse().unwrap());
    yield_once().await;
    numbers
}

#[tokio::test]
async fn types_are_inferred_from_the_signature() {
    assert_eq!(inferred().await, [1, 2]);
}
