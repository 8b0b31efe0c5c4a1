//! Tokio's tasks that inherit.
//!
//! The functions are those of [`tokio::task`], with the same signatures; what they start runs in a
//! copy of the context that is current where they are called. A `JoinSet` and a `TaskTracker` have
//! methods of these names already, which an extension cannot replace: there the ones that inherit
//! end in `_inherited`.
//!
//! A *bare* task, started by `tokio::spawn` itself, does not inherit. It sees the context of the
//! thread that happens to poll it, usually an empty one, and may not [`set`] anything there: the
//! next task polled on that thread would see it. With the feature `tokio` such a `set` panics.
//!
//! [`set`]: crate::ContextVar::set
//!
//! # Examples
//!
//! ```
//! use context_vars::{context_var, task};
//!
//! context_var! {
//!     static USER: &str = "anonymous";
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (mail, report) = USER.sync_scope("alice", || {
//!     let mail = task::spawn(async { format!("mail to {}", USER.get()) });
//!     let report = task::spawn_blocking(|| format!("report for {}", USER.get()));
//!     (mail, report)
//! });
//! assert_eq!(mail.await.unwrap(), "mail to alice");
//! assert_eq!(report.await.unwrap(), "report for alice");
//! # }
//! ```
//!
//! # What is shared, what is isolated
//!
//! A future that is neither spawned nor wrapped is part of the work that awaits it: it reads and
//! sets in that work's context, as a called function does. In a combinator of several such
//! futures all of them share the one context, and which of two sets comes last depends on who is
//! polled when. A future in a scope, or one that inherits, has a context of its own, and what it
//! sets is seen by nobody else.
//!
//! | combinator | futures as they are | each in a scope, or inheriting |
//! |---|---|---|
//! | `a.await` | shared with the caller | isolated |
//! | `tokio::join!` | shared by all branches and the caller | isolated from each other and the caller |
//! | `tokio::try_join!` | shared, also what a branch set that failed or was dropped | isolated, nothing is left of a branch that was dropped |
//! | `tokio::select!` | shared, also what a branch set that lost | isolated, a branch that lost is dropped inside its context |
//! | `tokio::select!` handlers | shared with the caller | shared with the caller: a handler is not part of its branch |
//! | `futures::join!` | shared by all branches and the caller | isolated from each other and the caller |
//! | `futures::select!` | shared, also what a branch set that lost | isolated, a branch is picked up again in its own context |
//! | `FuturesUnordered` | shared by all members and the caller | isolated, in whatever order they are polled |
//! | `buffer_unordered` | shared by the futures, the stream that makes them, and the caller | isolated |
//! | `tokio::time::timeout` | shared with the caller, also what was set before the timeout | isolated, dropped inside its context when time is up |
//! | `JoinSet::spawn` | bare: nothing is inherited, a `set` panics | `spawn_inherited`: isolated |
//! | `task::spawn_local` in a `LocalSet` | bare: shared with whoever drives the set, in its root a `set` panics | `spawn_local` of this module: isolated |
//! | `FutureExt::shared` | shared with whichever clone polls it | isolated, the same for every clone |
//!
//! "In a scope" and "inheriting" differ in when the copy is made: a scope copies the context that
//! polls it first, a future that inherits the one where it was wrapped.

use core::future::Future;

use tokio::task::JoinHandle;

use crate::future::ContextFutureExt;
use crate::spawn::inherit;

pub use crate::join_set::JoinSetExt;
#[cfg(tokio_unstable)]
pub use crate::runtime_hook::{BuilderExt, InheritingBuilder};
#[cfg(feature = "tokio-util")]
pub use crate::task_tracker::TaskTrackerExt;

/// As [`tokio::spawn`]; the task runs in a copy of the context that is current here.
///
/// # Panics
///
/// Outside a tokio runtime.
///
/// # Cost
///
/// Two words in the task, and one increment of a reference count.
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::task::spawn(future.inherit_context())
}

/// As [`tokio::task::spawn_blocking`]; the closure runs in a copy of the context that is current
/// here.
///
/// # Panics
///
/// Outside a tokio runtime.
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    tokio::task::spawn_blocking(inherit(f))
}

/// As [`tokio::task::spawn_local`]; the task runs in a copy of the context that is current here.
///
/// # Panics
///
/// Outside a `LocalSet` and a `LocalRuntime`.
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    tokio::task::spawn_local(future.inherit_context())
}
