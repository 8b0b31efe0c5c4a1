//! The size hint and the end of a wrapped body.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll};

use axum::body::Body as AxumBody;
use bytes::Bytes;
use context_vars::ContextExt;
use http_body::{Body, Frame, SizeHint};

use super::{USER, alice};

/// A body that says of itself what the closure returns: whether it is at its end, and its size.
struct Says<F>(F);

impl<F: Fn() -> (bool, SizeHint)> Body for Says<F> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        (self.0)().0
    }

    fn size_hint(&self) -> SizeHint {
        (self.0)().1
    }
}

#[test]
fn size_hint_and_end_are_the_bodys_own() {
    let mut between = SizeHint::new();
    between.set_lower(3);
    between.set_upper(9);
    for (end, hint) in [
        (false, SizeHint::new()),
        (true, between),
        (false, SizeHint::with_exact(7)),
    ] {
        let body = Says(|| (end, hint)).in_context(alice());
        assert_eq!(body.is_end_stream(), end);
        assert_eq!(body.size_hint().lower(), hint.lower());
        assert_eq!(body.size_hint().upper(), hint.upper());
    }
}

#[test]
fn hint_and_end_are_asked_inside_a_copy() {
    let by_user = || {
        let user = USER.get();
        (user == "alice", SizeHint::with_exact(user.len() as u64))
    };
    let body = Says(by_user).in_context(alice());
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(body.is_end_stream());
    assert_ne!(USER.get(), "alice");
}

#[test]
fn wrapped_body_is_three_words_larger_and_as_sendable() {
    fn sendable<T: Send + 'static>(_: &T) {}
    let body = AxumBody::from("text");
    let plain = size_of_val(&body);
    let wrapped = body.in_context(alice());
    sendable(&wrapped);
    assert_eq!(size_of_val(&wrapped), plain + 3 * size_of::<usize>());
    let mut pinned = pin!(wrapped);
    assert_eq!(pinned.as_mut().run_pinned(|_| USER.get()), "alice");
}
