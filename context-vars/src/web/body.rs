//! A body whose every frame is made in a context.

use core::pin::Pin;
use core::task::{self, Poll};

use http_body::{Body, Frame, SizeHint};

use crate::in_context::InContext;

/// Each frame is made in the context, trailers too, and the body is dropped in it: when it was sent,
/// and when the client went away in the middle.
///
/// `size_hint` and `is_end_stream` are the body's own, each asked in a copy of its context.
impl<B: Body> Body for InContext<B> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.run_pinned(|body| body.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.run_ref(B::is_end_stream).unwrap_or(true)
    }

    fn size_hint(&self) -> SizeHint {
        self.run_ref(B::size_hint)
            .unwrap_or_else(|| SizeHint::with_exact(0))
    }
}
