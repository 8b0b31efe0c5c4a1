//! A body whose every frame is made in a context.

use core::pin::Pin;
use core::task::{self, Poll};

use http_body::{Body, Frame, SizeHint};

use crate::context::Context;
use crate::in_context::InContext;

/// Gives a body a context of its own.
///
/// Each frame is made in that context, trailers too, and the body is dropped in it: when it was
/// sent, and when the client went away in the middle. [`ContextLayer`](super::ContextLayer) does
/// it to every response; this is for bodies elsewhere, a client's request for example.
///
/// It is not in the prelude: what is a stream and a body at once would have two methods of each
/// name.
///
/// # Examples
///
/// ```
/// use std::pin::pin;
///
/// use context_vars::{Context, context_var, web::ContextBodyExt};
/// use http_body::Body;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// let context = Context::new().with_value(&USER, "alice");
/// let body = String::from("0123456789").in_context(context);
/// assert_eq!(body.size_hint().exact(), Some(10)); // as without: `Content-Length` stays
/// # }
/// ```
pub trait ContextBodyExt: Body + Sized {
    /// Makes each frame in `context`.
    ///
    /// # Cost
    ///
    /// A frame is two thread-local accesses; no allocation and no atomic operation.
    ///
    /// # Examples
    ///
    /// A body whose frames say for whom they are made:
    ///
    /// ```
    /// use std::{future::poll_fn, pin::pin};
    /// use context_vars::{Context, context_var, web::ContextBodyExt};
    /// use http_body::Body;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    /// # use std::{convert::Infallible, pin::Pin, task::{self, Poll}};
    /// # use http_body::Frame;
    /// # struct Page;
    /// # impl Body for Page {
    /// #     type Data = &'static [u8];
    /// #     type Error = Infallible;
    /// #     fn poll_frame(
    /// #         self: Pin<&mut Self>,
    /// #         _: &mut task::Context<'_>,
    /// #     ) -> Poll<Option<Result<Frame<&'static [u8]>, Infallible>>> {
    /// #         Poll::Ready(Some(Ok(Frame::data(USER.get().as_bytes()))))
    /// #     }
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let context = Context::new().with_value(&USER, "alice");
    /// let mut page = pin!(Page.in_context(context));
    /// let frame = poll_fn(|cx| page.as_mut().poll_frame(cx)).await.unwrap().unwrap();
    /// assert_eq!(frame.into_data().unwrap(), b"alice");
    /// # }
    /// ```
    #[inline]
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(self, context)
    }

    /// Makes each frame in one copy of the context that is current *now*.
    ///
    /// # Cost
    ///
    /// As [`Context::current`]; a frame as with [`in_context`](Self::in_context).
    ///
    /// # Examples
    ///
    /// Sent where the scope is over:
    ///
    /// ```
    /// use std::{future::poll_fn, pin::pin};
    /// use context_vars::{context_var, web::ContextBodyExt};
    /// use http_body::Body;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    /// # use std::{convert::Infallible, pin::Pin, task::{self, Poll}};
    /// # use http_body::Frame;
    /// # struct Page;
    /// # impl Body for Page {
    /// #     type Data = &'static [u8];
    /// #     type Error = Infallible;
    /// #     fn poll_frame(
    /// #         self: Pin<&mut Self>,
    /// #         _: &mut task::Context<'_>,
    /// #     ) -> Poll<Option<Result<Frame<&'static [u8]>, Infallible>>> {
    /// #         Poll::Ready(Some(Ok(Frame::data(USER.get().as_bytes()))))
    /// #     }
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut page = pin!(USER.sync_scope("alice", || Page.inherit_context()));
    /// let frame = poll_fn(|cx| page.as_mut().poll_frame(cx)).await.unwrap().unwrap();
    /// assert_eq!(frame.into_data().unwrap(), b"alice");
    /// # }
    /// ```
    #[inline]
    fn inherit_context(self) -> InContext<Self> {
        InContext::inherit(self)
    }
}

impl<B: Body> ContextBodyExt for B {}

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
