//! Streams that run each step in a context of their own, and `futures`' fused futures.

use core::pin::Pin;
use core::task::{self, Poll};

use futures_core::future::FusedFuture;
use futures_core::stream::{FusedStream, Stream};

use crate::context::Context;
use crate::in_context::InContext;
use crate::scope::Scope;

/// Gives a stream a context of its own.
///
/// Each step runs in that context, what it sets stays there for the next step, and the consumer
/// sees none of it. Two streams advanced in turn keep their own. The stream is dropped inside its
/// context, with the wrapper, also when it was used up before. `size_hint` is asked in a copy of
/// the context, one increment and one decrement of a reference count; `is_terminated`, which
/// `select!` asks before each poll, outside of it.
///
/// There is no such trait for `Sink`, `AsyncRead` and `AsyncWrite`: what moves bytes seldom asks
/// for a context, and the future or stream that drives it has one already. For one that does,
/// [`InContext::run_pinned`] makes a wrapper of a few lines.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, prelude::*};
/// use futures_util::{StreamExt, stream};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let rows = USER.sync_scope("alice", || {
///     stream::iter(1..=2).map(|n| format!("row {n} for {}", USER.get())).inherit_context()
/// });
/// assert_eq!(rows.collect::<Vec<_>>().await, ["row 1 for alice", "row 2 for alice"]);
/// # }
/// ```
pub trait ContextStreamExt: Stream + Sized {
    /// Runs each step in `context`.
    ///
    /// # Cost
    ///
    /// A step is two thread-local accesses; no allocation and no atomic operation.
    ///
    /// # Examples
    ///
    /// What a step sets is there for the next one:
    ///
    /// ```
    /// use context_vars::{Context, context_var, prelude::*};
    /// use futures_util::{StreamExt, stream};
    ///
    /// context_var! {
    ///     static STEP: u32 = 0;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let count = stream::repeat(()).map(|()| {
    ///     drop(STEP.set(STEP.get() + 1));
    ///     STEP.get()
    /// });
    /// let steps: Vec<_> = count.in_context(Context::new()).take(3).collect().await;
    /// assert_eq!(steps, [1, 2, 3]);
    /// assert_eq!(STEP.get(), 0);
    /// # }
    /// ```
    #[inline]
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(self, context)
    }

    /// Runs each step in one copy of the context that is current *now*.
    ///
    /// # Cost
    ///
    /// As [`Context::current`]; a step as with [`in_context`](Self::in_context).
    ///
    /// # Examples
    ///
    /// Used up where another value is set:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use futures_util::{StreamExt, stream};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let rows = USER.sync_scope("alice", || {
    ///     let words = stream::iter(["hello", "bye"]);
    ///     words.map(|word| format!("{word} {}", USER.get())).inherit_context()
    /// });
    /// let rows: Vec<_> = USER.scope("bob", rows.collect()).await;
    /// assert_eq!(rows, ["hello alice", "bye alice"]);
    /// # }
    /// ```
    #[inline]
    fn inherit_context(self) -> InContext<Self> {
        InContext::inherit(self)
    }
}

impl<S: Stream> ContextStreamExt for S {}

impl<S: Stream> Stream for InContext<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<S::Item>> {
        self.run_pinned(|stream| stream.poll_next(cx))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.run_ref(S::size_hint).unwrap_or((0, Some(0)))
    }
}

impl<S: FusedStream> FusedStream for InContext<S> {
    fn is_terminated(&self) -> bool {
        self.work().is_none_or(S::is_terminated)
    }
}

impl<F: FusedFuture> FusedFuture for InContext<F> {
    fn is_terminated(&self) -> bool {
        self.work().is_none_or(F::is_terminated)
    }
}

impl<F: FusedFuture> FusedFuture for Scope<F> {
    fn is_terminated(&self) -> bool {
        self.work().is_none_or(F::is_terminated)
    }
}
