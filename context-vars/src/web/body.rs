//! Bodies that produce every frame in a context.

use core::fmt;
use core::pin::Pin;
use core::task::{self, Poll};
use std::error::Error;

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::request_scope::{BoxError, RequestScope, size_hint};
use crate::in_context::InContext;

/// Each frame, including trailers, is produced inside the context. The body is dropped inside the
/// context, too, whether it was sent completely or the client disconnected earlier.
///
/// `size_hint` and `is_end_stream` are those of the body, each called in a copy of its context.
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
    /// The body of a response in its request's context; created by
    /// [`ContextService`](super::ContextService).
    ///
    /// Like an [`InContext`] body, but if the request's deadline passes before the end of the body,
    /// the body ends with an error that contains `deadline::Elapsed`. HTTP/1 then closes the
    /// connection and HTTP/2 resets the stream, so a client never takes a part for the whole.
    ///
    /// The inner body is dropped together with this one, or earlier, if after a frame its `is_end_stream`
    /// returns `true`. In both cases it is dropped inside its context, and the context's values are dropped
    /// after it.
    ///
    /// The error is boxed, as in the bodies of tower-http. It contains the inner body's error or
    /// `Elapsed`.
    ///
    /// # Examples
    ///
    /// A middleware around the layer, which names the type in a signature:
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
        // This field is dropped first, so that destructors in the body see that it is cancelled.
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
            // A server does not poll a body that returns `true` here, but drops it.
            self.scope.complete();
        }
        is_end
    }

    fn size_hint(&self) -> SizeHint {
        size_hint(&self.body)
    }
}
