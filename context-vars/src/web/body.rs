//! Bodies whose every frame is made in a context.

use core::fmt;
use core::pin::Pin;
use core::task::{self, Poll};
use std::error::Error;

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::request_scope::{BoxError, RequestScope, size_hint};
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

pin_project! {
    /// The body of a response in its request's context; made by
    /// [`ContextService`](super::ContextService).
    ///
    /// Like an [`InContext`] body, but if the request has a deadline, it ends with an error that holds
    /// `deadline::Elapsed` when the time is over first. So a client never takes a part for the whole:
    /// HTTP/1 closes the connection, HTTP/2 resets the stream.
    ///
    /// The body inside is dropped with this one, or already when it says with a frame that the frame was its
    /// last (`is_end_stream`): in its context in any case, and the context's values after it.
    ///
    /// The error is a boxed one, as in the bodies of tower-http: the body's own error or `Elapsed`.
    ///
    /// # Examples
    ///
    /// Named in a signature, by a middleware around the layer:
    ///
    /// ```
    /// use context_vars::web::ContextBody;
    /// use http::Response;
    ///
    /// fn log<B>(response: &Response<ContextBody<B>>) {
    ///     println!("{}", response.status());
    /// }
    /// # fn main() {
    /// #     let _ = log::<String>;
    /// # }
    /// ```
    #[must_use = "a body does nothing unless polled"]
    pub struct ContextBody<B> {
        // Dropped first, so that destructors in the body find that it is cancelled.
        scope: RequestScope,
        #[pin]
        body: InContext<Option<B>>,
    }
}

impl<B> ContextBody<B> {
    pub(super) fn new(body: InContext<Option<B>>, scope: RequestScope) -> Self {
        Self { scope, body }
    }
}

impl<B> fmt::Debug for ContextBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBody").finish_non_exhaustive()
    }
}

impl<B> Body for ContextBody<B>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    type Data = B::Data;
    type Error = BoxError;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        if this.body.is_done() {
            return Poll::Ready(None);
        }
        this.scope.poll_frame(this.body, cx)
    }

    fn is_end_stream(&self) -> bool {
        let is_whole = |body: &B| body.is_end_stream() && self.scope.is_whole(|| body.size_hint());
        let is_end = |body: &Option<B>| body.as_ref().is_none_or(is_whole);
        let is_end = self.body.run_ref(is_end).unwrap_or(true);
        if is_end {
            // A server does not poll a body that says so, but drops it.
            self.scope.complete();
        }
        is_end
    }

    fn size_hint(&self) -> SizeHint {
        size_hint(&self.body)
    }
}
