//! `cancel_with_request`: work that ends with its request.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll, ready};
use std::sync::Arc;

use pin_project_lite::pin_project;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::error::Cancelled;
use super::limit::Limit;
use super::scope_state::ScopeState;

/// Waits until the request of the current work has completed, was dropped, or was stopped because
/// its time had run out.
///
/// A request is stopped where it is polled, so a request that blocks its thread past its deadline is
/// stopped only when it releases the thread. Once a request of `ContextLayer::deadline` sends its
/// response, its time also ends while the body is not polled, which happens if the client does not
/// read.
///
/// The request is determined when this is called, by the rule of [`cancel_with_request`]. If there is
/// no request, the future never completes.
///
/// # Examples
///
/// A task that tidies up:
///
/// ```
/// use context_vars::deadline;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = deadline::scope(async {
///     let gone = deadline::cancelled();
///     tokio::spawn(async move {
///         gone.await;
///         "tidied up"
///     })
/// });
/// let task = request.await; // the request is over
/// assert_eq!(task.await.unwrap(), "tidied up");
/// # }
/// ```
pub fn cancelled() -> impl Future<Output = ()> + Send + 'static {
    let request = Request::current();
    async move {
        match request {
            Some(request) => request.cancelled.await,
            None => core::future::pending().await,
        }
    }
}

/// Stops `future` at its first poll after the request of the current work has ended; see
/// [Cancelling](super#cancelling).
///
/// The request is determined when this is called: the innermost [`timeout`](super::timeout) or
/// [`scope`](super::scope) in the current context that has not completed, or the outermost if all
/// have. The end of the request wakes the task; the next poll then drops `future`, and the output is
/// [`Cancelled`]. Work without a request is never stopped.
///
/// The returned future does not inherit by itself: pass it to `task::spawn`, or call
/// [`inherit_context`](crate::ContextExt::inherit_context) on it.
///
/// # Errors
///
/// The output is [`Cancelled`] if the request ends first. [`Cancelled::kind`] returns the way in
/// which the request ended.
///
/// # Panics
///
/// Panics if the returned future is polled after it has completed.
///
/// # Cost
///
/// The first call in a scope allocates a node in a tree of cancellations, for that scope and for
/// each scope around it. A poll takes a lock to check whether the request has ended; only the end of
/// the request contends for that lock.
///
/// # Examples
///
/// ```
/// use context_vars::deadline;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = deadline::scope(async {
///     let left = tokio::spawn(deadline::cancel_with_request(std::future::pending::<()>()));
///     let done = tokio::spawn(deadline::cancel_with_request(async { 7 }));
///     (left, done.await.unwrap())
/// });
/// let (left, done) = request.await;
/// assert_eq!(done, Ok(7));
/// assert!(left.await.unwrap().is_err());
/// # }
/// ```
pub fn cancel_with_request<F: Future>(future: F) -> CancelWithRequest<F> {
    CancelWithRequest {
        request: Request::current(),
        work: Some(future),
    }
}

pin_project! {
    /// The request of a piece of work, and the wait for its end.
    struct Request {
        #[pin]
        cancelled: WaitForCancellationFutureOwned,
        scope: Arc<ScopeState>,
    }
}

impl Request {
    fn current() -> Option<Self> {
        let scope = Limit::with_current(|limit| limit.scope.clone())??.nearest();
        Some(Self {
            cancelled: scope.token().cancelled_owned(),
            scope,
        })
    }

    /// Completes when the request has ended.
    fn poll_end(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Cancelled> {
        let this = self.project();
        ready!(this.cancelled.poll(cx));
        Poll::Ready(Cancelled {
            kind: this.scope.cause(),
        })
    }
}

pin_project! {
    /// A future that stops with its request; see [`cancel_with_request`].
    ///
    /// # Examples
    ///
    /// A child as the field of a struct:
    ///
    /// ```
    /// use context_vars::deadline::{CancelWithRequest, cancel_with_request};
    ///
    /// struct Child<F> {
    ///     work: CancelWithRequest<F>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let child = Child { work: cancel_with_request(async { 7 }) };
    /// assert_eq!(child.work.await, Ok(7));
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct CancelWithRequest<F> {
        #[pin]
        request: Option<Request>,
        #[pin]
        work: Option<F>,
    }
}

impl<F: Future> Future for CancelWithRequest<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(work) = this.work.as_mut().as_pin_mut() else {
            panic!("work that stops with its request was polled after it had completed");
        };
        let ended = this
            .request
            .as_pin_mut()
            .map(|request| request.poll_end(cx));
        let output = match ended {
            Some(Poll::Ready(cancelled)) => Err(cancelled),
            _ => Ok(ready!(work.poll(cx))),
        };
        this.work.set(None);
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for CancelWithRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelWithRequest").finish_non_exhaustive()
    }
}
