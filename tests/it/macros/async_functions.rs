//! `#[with_context]` on `async fn`s.

use std::error::Error;
use std::fmt::Display;
use std::pin::pin;
use std::task::Poll;

use context_vars::with_context;

use super::{ID, USER, assert_outside, user};
use crate::support::{poll_once, yield_once};

#[with_context(user = name, id = id)]
async fn handle(name: String, id: u64) -> (String, u64) {
    let before = user();
    yield_once().await;
    assert_eq!(before, user());
    (user(), ID.get())
}

#[tokio::test]
async fn a_scope_lasts_as_long_as_the_future() {
    assert_eq!(handle("alice".into(), 5).await, ("alice".to_owned(), 5));
    assert_outside();
}

#[tokio::test]
async fn two_of_them_do_not_see_each_other() {
    let (a, b) = tokio::join!(handle("a".into(), 1), handle("b".into(), 2));
    assert_eq!((a, b), (("a".to_owned(), 1), ("b".to_owned(), 2)));
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
    let made_outside = inner();
    let future = pin!(USER.scope("outer".to_owned(), made_outside));
    assert_eq!(poll_once(future), Poll::Ready("outer!".to_owned()));
}

#[with_context(user = text.to_owned())]
async fn fails(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    assert_eq!(user(), text);
    yield_once().await;
    if text == "zero" {
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

#[with_context(user = "panics".into())]
async fn panics() {
    yield_once().await;
    panic!("as {}", user());
}

#[tokio::test]
async fn it_ends_at_a_panic() {
    let error = tokio::spawn(panics()).await.unwrap_err().into_panic();
    assert_eq!(error.downcast_ref::<String>().unwrap(), "as panics");
    assert_outside();
}

#[allow(clippy::multiple_bound_locations)]
#[with_context(user = what.to_string())]
async fn generic<T: Display, const N: usize>(what: T, many: &[u8; N]) -> (String, usize)
where
    T: Clone,
{
    yield_once().await;
    (user() + &what.to_string(), many.len())
}

#[with_context(user = first.to_owned())]
async fn lifetimes<'a>(first: &'a str, second: &str) -> (&'a str, usize) {
    yield_once().await;
    (first, second.len() + user().len())
}

#[with_context(user = what.to_string())]
async fn impl_in_both_places(what: impl Display) -> impl Display {
    yield_once().await;
    format!("{}{what}", user())
}

#[with_context(user = format!("{a}{b}"))]
async fn patterns((a, _): (u8, u8), [b, ..]: [u8; 3], mut n: u8, _: String, ref r: u8) -> String {
    n += 1;
    yield_once().await;
    format!("{}{n}{r}", user())
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
    yield_once().await;
    assert_eq!(user(), "inside");
}

#[with_context(user = "never".into())]
async fn never(stop: bool) -> ! {
    if stop {
        panic!("{}", user());
    }
    std::future::pending().await
}

#[tokio::test]
async fn every_kind_of_signature() {
    assert_eq!(generic(5, &[1, 2]).await, ("55".to_owned(), 2));
    assert_eq!(lifetimes("ab", "c").await, ("ab", 3));
    assert_eq!(impl_in_both_places(5).await.to_string(), "55");
    assert_eq!(
        patterns((1, 0), [2, 0, 0], 3, String::new(), 9).await,
        "1249"
    );
    // SAFETY: It does nothing that is not safe.
    assert_eq!(unsafe { is_unsafe(&5) }.await, 5);
    assert_eq!(recursive(2).await, "012");
    only_isolates().await;
    assert!(tokio::spawn(never(true)).await.is_err());
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
async fn inferred() -> Vec<u64> {
    let numbers = ["1", "2"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    yield_once().await;
    numbers
}

#[with_context(user = "unit".into())]
async fn unit(fail: bool) -> Result<(), std::num::ParseIntError> {
    if fail {
        let _: u8 = "x".parse()?;
    }
    Ok(())
}

#[tokio::test]
async fn types_are_inferred_from_the_signature() {
    assert_eq!(inferred().await, [1, 2]);
    assert!(unit(false).await.is_ok());
    assert!(unit(true).await.is_err());
}
