//! The size that a scope adds to the future of an `async fn`.

use context_vars::with_context;

use super::{ID, USER};
use crate::support::yield_once;

macro_rules! twice {
    ($plain:ident $scoped:ident($($parameters:tt)*) $body:block) => {
        async fn $plain($($parameters)*) $body

        #[with_context]
        async fn $scoped($($parameters)*) $body
    };
}

twice!(nothing scoped_nothing() {
    yield_once().await;
});

twice!(kept scoped_kept(big: [u8; 1000]) {
    yield_once().await;
    std::hint::black_box(&big);
});

twice!(not_kept scoped_not_kept(big: [u8; 1000]) {
    std::hint::black_box(&big);
    yield_once().await;
});

#[with_context(user = "alice".to_owned(), id = 5)]
async fn with_values(big: [u8; 1000]) {
    yield_once().await;
    std::hint::black_box(&big);
}

/// Most that the scope may add: the compiler has the last word on the future of an `async fn`.
const SCOPE: usize = 5 * size_of::<usize>();

#[test]
fn a_scope_adds_at_most_five_words() {
    assert!(size_of_val(&scoped_nothing()) <= size_of_val(&nothing()) + SCOPE);
}

#[test]
fn arguments_lie_in_the_future_as_often_as_without() {
    let big = [0; 1000];
    let plain = size_of_val(&kept(big));
    assert!(size_of_val(&scoped_kept(big)) <= plain + SCOPE);
    assert!(size_of_val(&with_values(big)) <= plain + SCOPE);
    assert!(size_of_val(&scoped_not_kept(big)) <= size_of_val(&not_kept(big)) + SCOPE + 1000);
}
