//! `scope`: a future whose end cancels the work that belongs to it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll, ready};
use std::sync::Arc;

use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::error::{CancelledKind, Elapsed};
use super::limit::Limit;
use super::scope_state::ScopeState;
use crate::scope::{Scope, isolating};

/// Runs `future` in a scope: work that it wraps in
/// [`cancel_with_request`](super::cancel_with_request) stops when `future` completes or is dropped.
///
/// Equivalent to a [`timeout`](super::timeout) without its own time. The deadline of the work
/// around the scope still applies, and is enforced by the timeout that set it.
///
/// # Panics
///
/// Panics if the returned future is polled after it has completed.
///
/// # Cost
///
/// The cost of [`ContextVar::scope`](crate::ContextVar::scope) and one allocation. The scope, and
/// the scopes around it, are locked for a moment when it begins and ends.
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
    CancelScope::new(None, future)
}

/// A scope that has begun and ends, at the latest, when this is dropped.
pub(super) struct OpenScope {
    state: Arc<ScopeState>,
    /// The deadline of the scope, which it asked for or inherited.
    deadline: Option<Instant>,
    is_inherited: bool,
}

impl OpenScope {
    /// Begins a scope inside `outer`. Its deadline is `asked`, or that of `outer` if that is
    /// earlier.
    pub(super) fn within(outer: Option<&Limit>, asked: Option<Instant>) -> Self {
        let inherited = outer.and_then(|outer| outer.deadline);
        let deadline = inherited.into_iter().chain(asked).min();
        Self {
            state: ScopeState::within(outer.and_then(|outer| outer.scope.as_ref())),
            deadline,
            is_inherited: deadline != asked,
        }
    }

    /// Returns the limit that work in the scope inherits.
    pub(super) fn limit(&self) -> Limit {
        Limit {
            deadline: self.deadline,
            scope: Some(self.state.clone()),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn complete(&self) {
        self.state.end(CancelledKind::Completed);
    }

    /// Ends the scope at its deadline even if it is not polled then.
    #[cfg(feature = "http")]
    pub(super) fn elapse_unpolled(&self) {
        if let Some(deadline) = self.deadline {
            self.state.end_at(deadline);
        }
    }

    /// Ends the scope because its time is over.
    pub(super) fn elapse(&self) -> Elapsed {
        self.state.end(CancelledKind::Elapsed);
        Elapsed {
            inherited: self.is_inherited,
        }
    }
}

impl Drop for OpenScope {
    fn drop(&mut self) {
        self.state.end_dropped();
    }
}

pin_project! {
    /// A future whose end cancels the work that belongs to it; see [`scope`].
    ///
    /// # Examples
    ///
    /// A scope as the field of a struct:
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
        // This field is dropped first, so that destructors in the work see that the work is
        // cancelled.
        open: Option<OpenScope>,
        asked: Option<Instant>,
        #[pin]
        work: Option<Scope<F>>,
    }
}

impl<F> CancelScope<F> {
    pub(super) fn new(asked: Option<Instant>, future: F) -> Self {
        Self {
            open: None,
            asked,
            work: Some(isolating(future)),
        }
    }

    /// Returns the deadline of the work, which is known after its first poll.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.as_ref()?.deadline()
    }

    /// Drops the work, inside its context, because its time is over.
    pub(super) fn elapse(self: Pin<&mut Self>) -> Option<Elapsed> {
        let mut this = self.project();
        let elapsed = this.open.as_ref().map(OpenScope::elapse);
        this.work.set(None);
        elapsed
    }
}

impl<F: Future> Future for CancelScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(mut work) = this.work.as_mut().as_pin_mut() else {
            panic!("work with a deadline was polled after it had completed");
        };
        if this.open.is_none() {
            let open = Limit::with_current(|outer| OpenScope::within(Some(outer), *this.asked));
            let open = open.unwrap_or_else(|| OpenScope::within(None, *this.asked));
            work.as_mut().init_with(open.limit().into_value());
            *this.open = Some(open);
        }
        let output = ready!(work.poll(cx));
        if let Some(open) = this.open {
            open.complete();
        }
        this.work.set(None);
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for CancelScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope").finish_non_exhaustive()
    }
}
