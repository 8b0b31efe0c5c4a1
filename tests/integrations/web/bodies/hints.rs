//! The size hint and the end of a wrapped body.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll};

use axum::body::Body as AxumBody;
use bytes::Bytes;
use context_vars::ContextExt;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Empty, Full};

use super::{USER, alice};

/// A body that says of itself what it was told to.
struct Says(bool, SizeHint);

impl Body for Says {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.0
    }

    fn size_hint(&self) -> SizeHint {
        self.1
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
        let body = Says(end, hint).in_context(alice());
        assert_eq!(body.is_end_stream(), end);
        assert_eq!(body.size_hint().lower(), hint.lower());
        assert_eq!(body.size_hint().upper(), hint.upper());
    }
    let full = Full::new(Bytes::from_static(b"12345")).in_context(alice());
    assert_eq!(full.size_hint().exact(), Some(5));
    assert!(Empty::<Bytes>::new().in_context(alice()).is_end_stream());
}

#[test]
fn hint_and_end_are_asked_inside_a_copy() {
    struct ByUser;
    impl Body for ByUser {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Task<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }

        fn is_end_stream(&self) -> bool {
            USER.get() == "alice"
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(USER.get().len() as u64)
        }
    }
    let body = ByUser.in_context(alice());
    assert_eq!(
        (body.size_hint().exact(), body.is_end_stream()),
        (Some(5), true)
    );
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
