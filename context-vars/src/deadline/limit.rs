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
    /// Calls `f` with that of the current work, which may have none.
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

/// Returns the time that the current work has left: zero if it is over, `None` if there is no limit.
///
/// # Cost
///
/// A read of a context variable, and of the clock if there is a limit.
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
    Limit::with_current(Limit::time_left)?
}

/// Returns whether the current work's request has ended, or the work has no time left.
///
/// This is for loops that compute: what does not `.await` cannot be stopped, but can stop. A scope
/// inside the request that has completed does not count; see [Cancelling](super#cancelling).
///
/// # Cost
///
/// That of [`time_left`], and a lock for each [`timeout`](super::timeout) and
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
/// For what must be finished when the request is over: [`time_left`] is `None` inside, a
/// [`timeout`](super::timeout) has all of the time that it asks for, and
/// [`cancel_with_request`](super::cancel_with_request) never cancels. Equivalent to Go's
/// `context.WithoutCancel`.
///
/// Like a [`ContextVar::scope`], this alone does not inherit: give it to `task::spawn`, or call
/// [`inherit_context`](crate::ContextExt::inherit_context) on it.
///
/// # Panics
///
/// When polled after it was ready.
///
/// # Cost
///
/// That of [`ContextVar::scope`].
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
