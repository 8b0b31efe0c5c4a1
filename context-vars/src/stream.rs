//! Streams that run each step in their context, and the fused futures of `futures`.

use core::pin::Pin;
use core::task::{self, Poll};

use futures_core::future::FusedFuture;
use futures_core::stream::{FusedStream, Stream};

use crate::in_context::InContext;
use crate::scope::Scope;

/// Each step runs in the context, and the next step sees the values that it sets. Two streams that are
/// advanced in turn do not see each other's values.
///
/// The stream is dropped inside its context, together with the wrapper, even if it has ended before.
/// `size_hint` is called in a copy of the context. `is_terminated`, which `select!` calls before each
/// poll, is called outside of the context.
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
