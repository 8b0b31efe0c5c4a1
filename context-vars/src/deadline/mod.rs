//! How long the current work may still take, and whether anybody waits for it.
//!
//! A deadline belongs to a piece of work, not to one call: [`timeout`] gives the work one, and
//! whatever it calls, spawns or sends on inherits it, as a context variable. Nested timeouts take
//! the minimum: nobody waits longer for a part than for the whole.
//!
//! # Cancelling
//!
//! Dropping a future stops what it awaits. It does not stop what it has *spawned*: a bare task, or
//! one that only inherits, goes on, which is right for a mail that must be sent and wrong for a
//! report that nobody will read. A child wrapped in [`cancel_with_request`] stops with its request: at
//! its next poll once the [`timeout`] or [`scope`] around the request has been dropped, is over, or
//! has run out of time. A child that is never awoken, or that computes without an `.await`, cannot
//! be stopped; it can ask [`is_cancelled`].
//!
//! | work | when its request is gone |
//! |---|---|
//! | `task::spawn(work)` | goes on |
//! | `task::spawn(deadline::cancel_with_request(work))` | stops at its next poll |
//! | `task::spawn_blocking(..)` | goes on; may ask [`is_cancelled`] |
//!
//! Work that goes on still has the deadline it inherited: once that is over, its own timeouts are
//! over at once. Work that needs time of its own gets a context of its own, with what it needs:
//! `work.in_context(Context::new().with_value(&USER, user))`.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use context_vars::deadline;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! async fn query() -> Result<u32, deadline::Elapsed> {
//!     // An hour for this alone, but the request has less.
//!     deadline::timeout(Duration::from_secs(3600), async {
//!         assert!(deadline::time_left().unwrap() < Duration::from_secs(1));
//!         tokio::time::sleep(Duration::from_secs(60)).await;
//!         1
//!     })
//!     .await
//! }
//!
//! let request = deadline::timeout(Duration::from_millis(20), async {
//!     let report = tokio::spawn(deadline::cancel_with_request(std::future::pending::<()>()));
//!     (query().await, report)
//! });
//! let (answer, report) = request.await.unwrap();
//! assert!(answer.is_err());
//! assert!(report.await.unwrap().is_err()); // stopped
//! # }
//! ```

use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use crate::raw::key::Declaration;
use crate::raw::thread;
use crate::scope::Scope;
use crate::var::ContextVar;

/// What the current work inherits.
#[derive(Clone)]
struct Limit {
    deadline: Option<Instant>,
    cancelled: CancellationToken,
}

static LIMIT: ContextVar<Limit> = ContextVar::hidden(Declaration {
    name: "LIMIT",
    field: "limit",
    module_path: module_path!(),
    no_inherit: false,
    redact: false,
    debug: None,
    display: None,
});

impl Limit {
    /// That of the current work, which may have none.
    fn current() -> Option<Self> {
        LIMIT.try_get().ok()
    }

    /// One within the current, which is nearer if `asked` is.
    fn within(asked: Option<Instant>) -> Self {
        match Self::current() {
            Some(outer) => Self {
                deadline: outer.deadline.into_iter().chain(asked).min(),
                cancelled: outer.cancelled.child_token(),
            },
            None => Self {
                deadline: asked,
                cancelled: CancellationToken::new(),
            },
        }
    }

    fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }
}

/// Gives `future` at most `duration` from now, or what is left of the time around it if that is
/// less.
///
/// The time around it is that of the context which polls it first; so timeouts nest however the
/// futures were built. `Duration::MAX` is no limit of its own.
///
/// When the time is over, `future` is dropped, inside its context. It is not interrupted: one that
/// does not return from its poll goes on. If it is ready in the poll that finds the time over, its
/// output counts.
///
/// # Errors
///
/// [`Elapsed`] if the time is over before the work.
///
/// # Panics
///
/// When polled outside of a tokio runtime whose time is enabled, or after it was ready.
///
/// # Cost
///
/// That of [`scope`], and of a timer. A poll also reads the clock.
///
/// # Examples
///
/// Too late, and in time:
///
/// ```
/// use context_vars::deadline;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let slow = deadline::timeout(Duration::from_millis(1), std::future::pending::<()>());
/// assert!(slow.await.is_err());
/// let quick = deadline::timeout(Duration::from_secs(60), async { 7 });
/// assert_eq!(quick.await, Ok(7));
/// # }
/// ```
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    let mut scope = scope(future);
    scope.asked = Instant::now().checked_add(duration);
    Timeout { scope, sleep: None }
}

/// Runs `future` so that what it wraps in [`cancel_with_request`] stops when it is dropped or over.
///
/// A [`timeout`] without a time of its own: that of the work around it still counts, and is waited
/// for there.
///
/// # Panics
///
/// When polled after it was ready.
///
/// # Cost
///
/// That of [`ContextVar::scope`], and of a node in a tree of cancellations, which allocates, and
/// takes a lock when it is made and dropped.
///
/// # Examples
///
/// ```
/// use context_vars::deadline;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = deadline::scope(async {
///     tokio::spawn(deadline::cancel_with_request(std::future::pending::<()>()))
/// });
/// let child = request.await;
/// assert!(child.await.unwrap().is_err());
/// # }
/// ```
pub fn scope<F: Future>(future: F) -> CancelScope<F> {
    CancelScope {
        guard: None,
        asked: None,
        limit: None,
        work: Some(Scope::isolating(future)),
    }
}

/// How long the current work may still take; zero if its time is over, `None` if it has no limit.
///
/// # Cost
///
/// A read of a context variable, and of the clock if there is a limit. Under a [`timeout`] or
/// [`scope`] also the lock of its node in the tree of cancellations, twice.
///
/// # Examples
///
/// None, then the least of those around:
///
/// ```
/// use context_vars::deadline;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(deadline::time_left(), None);
/// let inner = deadline::timeout(Duration::from_secs(3600), async { deadline::time_left() });
/// let left = deadline::timeout(Duration::from_secs(60), inner).await.unwrap().unwrap();
/// assert!(left.unwrap() <= Duration::from_secs(60));
/// # }
/// ```
#[must_use]
pub fn time_left() -> Option<Duration> {
    Limit::current()?.time_left()
}

/// Whether the current work's request has been dropped, is over, or has no time left.
///
/// For loops that compute: what does not `.await` cannot be stopped, but can stop.
///
/// # Cost
///
/// That of [`time_left`], and its lock once more.
///
/// # Examples
///
/// ```
/// use context_vars::deadline;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = deadline::scope(async {
///     tokio::task::spawn_blocking(context_vars::inherit(|| {
///         while !deadline::is_cancelled() {
///             // a part of the work
///         }
///     }))
/// });
/// let worker = request.await; // the request is over, and nobody waits for the work any more
/// worker.await.unwrap();
/// # }
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    Limit::current().is_some_and(|limit| {
        limit.cancelled.is_cancelled() || limit.time_left() == Some(Duration::ZERO)
    })
}

/// Waits until the current work's request has been dropped, is over, or was stopped because its time
/// had run out.
///
/// That is noticed where the request is polled: one that blocks its thread past its time is stopped
/// when it lets go of it.
///
/// Which request that is, is settled by this call. Work without one waits for ever.
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
    let limit = Limit::current();
    async move {
        match limit {
            Some(limit) => limit.cancelled.cancelled_owned().await,
            None => core::future::pending().await,
        }
    }
}

/// Stops `future` at its next poll once the current work's request is gone; see the
/// [module](self).
///
/// Which request that is, is settled by this call: the innermost [`timeout`] or [`scope`] in the
/// current context. Its end wakes the future; it is dropped, and the output is [`Cancelled`]. Work
/// without a request is never stopped.
///
/// This alone does not inherit: give it to `task::spawn`, or call
/// [`inherit_context`](crate::ContextExt::inherit_context) on it.
///
/// # Errors
///
/// [`Cancelled`] if the request is gone first.
///
/// # Panics
///
/// When polled after it was ready.
///
/// # Cost
///
/// A poll takes a lock to see whether the request is there, which only its end contends for.
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
        cancelled: Limit::current().map(|limit| limit.cancelled.cancelled_owned()),
        work: Some(future),
    }
}

pin_project! {
    /// A future whose end cancels what hangs on it; see [`scope`].
    ///
    /// # Examples
    ///
    /// Made by [`scope`], and named in a field:
    ///
    /// ```
    /// use context_vars::deadline::{CancelScope, scope};
    ///
    /// struct Request<F> {
    ///     work: CancelScope<F>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let request = Request { work: scope(async { 7 }) };
    /// assert_eq!(request.work.await, 7);
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct CancelScope<F> {
        // First: destructors in the work shall find that it is cancelled.
        guard: Option<DropGuard>,
        asked: Option<Instant>,
        limit: Option<Limit>,
        #[pin]
        work: Option<Scope<F>>,
    }
}

impl<F: Future> Future for CancelScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(mut work) = this.work.as_mut().as_pin_mut() else {
            panic!("work with a deadline was polled after it had completed");
        };
        if this.limit.is_none() {
            let limit = this.limit.insert(Limit::within(*this.asked));
            *this.guard = Some(limit.cancelled.clone().drop_guard());
            let value = thread::new_value(&LIMIT.key, limit.clone());
            work.as_mut().init_with(value.into_untyped());
        }
        let output = ready!(work.poll(cx));
        *this.guard = None;
        this.work.set(None);
        Poll::Ready(output)
    }
}

impl<F> CancelScope<F> {
    /// When the work's time is over; known since its first poll.
    fn deadline(&self) -> Option<Instant> {
        self.limit.as_ref()?.deadline
    }

    /// Drops the work, inside its context.
    fn give_up(self: Pin<&mut Self>) {
        let mut this = self.project();
        *this.guard = None;
        this.work.set(None);
    }
}

impl<F> fmt::Debug for CancelScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future with a deadline; see [`timeout`].
    ///
    /// # Examples
    ///
    /// Made by [`timeout`], and named in a field:
    ///
    /// ```
    /// use std::time::Duration;
    /// use context_vars::deadline::{Timeout, timeout};
    ///
    /// struct Call<F> {
    ///     answer: Timeout<F>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let call = Call { answer: timeout(Duration::from_secs(60), async { 7 }) };
    /// assert_eq!(call.answer.await, Ok(7));
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        scope: CancelScope<F>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.scope.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some(deadline) = this.scope.deadline() else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(deadline)));
        }
        let rung = this
            .sleep
            .as_pin_mut()
            .is_some_and(|sleep| sleep.poll(cx).is_ready());
        // The timer is not rung in a task that has used up its share: there the clock decides.
        if rung || deadline <= Instant::now() {
            this.scope.give_up();
            return Poll::Ready(Err(Elapsed {}));
        }
        Poll::Pending
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that stops with its request; see [`cancel_with_request`].
    ///
    /// # Examples
    ///
    /// Made by [`cancel_with_request`], and named in a field:
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
        cancelled: Option<WaitForCancellationFutureOwned>,
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
        let cancelled = this.cancelled.as_pin_mut();
        let output = if cancelled.is_some_and(|cancelled| cancelled.poll(cx).is_ready()) {
            Err(Cancelled {})
        } else {
            Ok(ready!(work.poll(cx)))
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

/// The time of a [`timeout`] was over before its work.
///
/// # Examples
///
/// Passed on with `?`:
///
/// ```
/// use std::{future, time::Duration};
/// use context_vars::deadline::{Elapsed, timeout};
///
/// async fn report() -> Result<String, Elapsed> {
///     let rows = timeout(Duration::from_millis(1), future::pending::<u32>()).await?;
///     Ok(format!("{rows} rows"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(report().await.unwrap_err().to_string(), "the deadline has passed");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Elapsed {}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl Error for Elapsed {}

/// The request that work belonged to was gone before the work was done; see [`cancel_with_request`].
///
/// # Examples
///
/// What a task gives that was stopped:
///
/// ```
/// use std::future;
/// use context_vars::deadline::{self, Cancelled};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = deadline::scope(async {
///     tokio::spawn(deadline::cancel_with_request(future::pending::<u32>()))
/// });
/// let child = request.await; // the request is over
/// let stopped: Result<u32, Cancelled> = child.await.unwrap();
/// assert!(stopped.is_err());
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cancelled {}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request that the work belonged to is gone")
    }
}

impl Error for Cancelled {}
