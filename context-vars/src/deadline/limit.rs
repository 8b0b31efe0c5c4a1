//! The variable that holds the deadline and the scope of the current work.

use core::time::Duration;
use std::sync::Arc;

use tokio::time::Instant;

use super::scope_state::ScopeState;
use crate::raw::key::Declaration;
use crate::raw::thread;
use crate::raw::value::Value;
use crate::scope::Scope;
use crate::var::ContextVar;

/// The limits that the current work inherits.
#[derive(Clone)]
pub(super) struct Limit {
    pub(super) deadline: Option<Instant>,
    /// The innermost scope around the work. `None` if the work is detached.
    pub(super) scope: Option<Arc<ScopeState>>,
}

pub(super) static LIMIT: ContextVar<Limit> = ContextVar::hidden(Declaration {
    name: "LIMIT",
    field: "limit",
    module_path: module_path!(),
    no_inherit: false,
    redact: false,
    debug: None,
    display: None,
});

impl Limit {
    /// Calls `f` with the limit of the current work, or returns `None` if the work has no limit.
    pub(super) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> Option<R> {
        LIMIT.try_with(f).ok()
    }

    /// Returns the value to set in a context.
    pub(super) fn into_value(self) -> Value {
        thread::new_value(&LIMIT.key, self).into_untyped()
    }

    fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    fn is_over(&self) -> bool {
        self.time_left() == Some(Duration::ZERO)
            || self
                .scope
                .as_ref()
                .is_some_and(|scope| scope.ended().is_some())
    }
}

/// Returns the time that the current work has left: zero if the deadline has passed, `None` if there
/// is no deadline.
///
/// # Cost
///
/// One read of a context variable, and one read of the clock if there is a deadline.
///
/// # Examples
///
/// No deadline, then the earlier one of two:
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
    Limit::with_current(Limit::time_left)?
}

/// Returns `true` if the request of the current work has ended, or if the work has no time left.
///
/// Use this in loops that compute: code that does not `.await` cannot be stopped from outside, but
/// it can check and return. A completed scope inside the request does not count as an end; see
/// [Cancelling](super#cancelling).
///
/// # Cost
///
/// The cost of [`time_left`], and a lock for each [`timeout`](super::timeout) and
/// [`scope`](super::scope) around the work.
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
/// let worker = request.await; // the request is over, so its work is no longer needed
/// worker.await.unwrap();
/// # }
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    Limit::with_current(Limit::is_over).unwrap_or(false)
}

/// Runs `future` with all variables of the context that polls it first, but without a deadline and
/// without a request that could cancel it.
///
/// Use this for work that must be finished even if the request is over. Inside it [`time_left`]
/// returns `None`, a [`timeout`](super::timeout) has all of the time that it asks for, and
/// [`cancel_with_request`](super::cancel_with_request) never cancels. Equivalent to Go's
/// `context.WithoutCancel`.
///
/// Like [`ContextVar::scope`], the returned future does not inherit by itself: pass it to
/// `task::spawn`, or call [`inherit_context`](crate::ContextExt::inherit_context) on it.
///
/// # Panics
///
/// Panics if the returned future is polled after it has completed.
///
/// # Cost
///
/// Equal to [`ContextVar::scope`].
///
/// # Examples
///
/// A mail that is sent for the request's user, though the request has no time left:
///
/// ```
/// use context_vars::{context_var, deadline, task};
/// use std::time::Duration;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// async fn send_mail() -> String {
///     let connected = deadline::timeout(Duration::from_secs(60), tokio::task::yield_now());
///     connected.await.expect("a minute for itself");
///     format!("mail to {}", USER.get())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = USER.scope("alice", deadline::timeout(Duration::ZERO, async {
///     task::spawn(deadline::detached(send_mail()))
/// }));
/// let mail = request.await.unwrap();
/// assert_eq!(mail.await.unwrap(), "mail to alice");
/// # }
/// ```
pub fn detached<F: Future>(future: F) -> Scope<F> {
    let without = Limit {
        deadline: None,
        scope: None,
    };
    Scope::new(future, Some(without.into_value()))
}
