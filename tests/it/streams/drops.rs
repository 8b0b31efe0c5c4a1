//! The context in which a stream is dropped.

use std::pin::{Pin, pin};
use std::task::Poll;

use context_vars::prelude::*;
use futures::stream::{self, Stream, StreamExt};

use super::step;
use crate::support::{Alive, TRACKED, USER, alice, witness};

#[test]
fn half_used_stream_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    let alive = Alive::default();
    let context = alice().with_value(&TRACKED, alive.track());
    let mut stream = Box::pin(
        async_stream::stream! {
            let _hook = hook;
            loop {
                USER.set("set by a step");
                yield ();
            }
        }
        .in_context(context),
    );
    step(stream.as_mut());
    USER.sync_scope("where it is dropped", || drop(stream));
    assert_eq!(seen.users(), ["set by a step"]);
    assert_eq!(alive.count(), 0);
}

#[test]
fn stream_that_was_never_polled_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    drop(stream::iter([hook]).in_context(alice()));
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn used_up_stream_is_kept_until_the_wrapper_goes_and_dropped_inside() {
    let (hook, seen) = witness();
    let steps = stream::repeat_with(move || {
        let _ = &hook;
    });
    let mut stream = pin!(steps.take(1).chain(stream::empty()).in_context(alice()));
    assert_eq!(step(stream.as_mut()), Some(()));
    assert_eq!(step(stream.as_mut()), None);
    assert_eq!(step(stream.as_mut()), None, "a stream may be asked again");
    let (hook, seen_later) = witness();
    let mut owned = Box::pin(Owner(hook).in_context(alice()));
    assert_eq!(step(owned.as_mut()), None);
    assert!(seen_later.users().is_empty(), "the wrapper is still there");
    drop(owned);
    assert_eq!(seen_later.users(), ["alice"]);
    drop(seen);
}

/// An empty stream that owns something.
struct Owner<D>(#[allow(dead_code)] D);

impl<D> Stream for Owner<D> {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Option<()>> {
        Poll::Ready(None)
    }
}
