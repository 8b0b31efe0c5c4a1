//! `timeout`: work with a deadline.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::Elapsed;
use super::scope::CancelScope;

/// Gives `future` at most `duration` from now, or the time that the work around it has left if that
/// is less.
///
/// The work around it is the context in which the timeout is first polled. Timeouts therefore nest
/// in the order of polling, whichever future was created first. `Duration::MAX` adds no limit.
///
/// When the time is over, `future` is dropped inside its context. A poll is not interrupted: a
/// future that does not return from its poll continues. If `future` is ready in the poll that finds
/// the time over, its output is returned.
///
/// # Errors
///
/// The output is [`Elapsed`] if the time is over before the work is done.
///
/// # Panics
///
/// Panics if the returned future is polled outside of a tokio runtime with time enabled, or after
/// it has completed.
///
/// # Cost
///
/// The cost of [`scope`](super::scope), and a timer for a future that is not ready in its first poll.
/// A poll of such a future also reads the clock.
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
    Timeout {
        scope: CancelScope::new(Instant::now().checked_add(duration), future),
        sleep: None,
    }
}

pin_project! {
    /// A future with a deadline; see [`timeout`].
    ///
    /// # Examples
    ///
    /// A timeout as the field of a struct:
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

/// Waits for `deadline` with a timer that is created by the first poll.
pub(super) fn poll_deadline(
    mut sleep: Pin<&mut Option<Sleep>>,
    deadline: Instant,
    cx: &mut task::Context<'_>,
) -> Poll<()> {
    if sleep.is_none() {
        sleep.set(Some(sleep_until(deadline)));
    }
    let fired = sleep
        .as_pin_mut()
        .is_some_and(|sleep| sleep.poll(cx).is_ready());
    // The timer does not fire in a task that has used up its cooperative budget, so the clock is
    // compared as well.
    if fired || deadline <= Instant::now() {
        Poll::Ready(())
    } else {
        Poll::Pending
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
        ready!(poll_deadline(this.sleep, deadline, cx));
        match this.scope.elapse() {
            Some(elapsed) => Poll::Ready(Err(elapsed)),
            None => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").finish_non_exhaustive()
    }
}
