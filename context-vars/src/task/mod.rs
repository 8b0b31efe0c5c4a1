//! Functions that spawn tokio tasks which inherit.
//!
//! The functions have the names and signatures of those in [`tokio::task`]. The spawned work runs in a
//! copy of the context that is current at the call. With a `JoinSet` or a `TaskTracker` write
//! `set.spawn(work.inherit_context())` and `set.spawn_blocking(inherit(f))`.
//!
//! A *bare* task, started by `tokio::spawn` itself, does not inherit. It sees whatever context its
//! worker thread is in, usually an empty one. It must not [`set`] anything there, because the next task
//! polled on that thread would see the value. With the feature `tokio` such a `set` panics.
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
//! The page [`docs::semantics`](crate::docs::semantics) explains which values combinators such as `join!`
//! and `select!` share and isolate.

#[cfg(tokio_unstable)]
mod runtime;

use core::future::Future;

use tokio::task::JoinHandle;

use crate::in_context::ContextExt;
use crate::inherit::inherit;

#[cfg(tokio_unstable)]
pub use self::runtime::InheritingBuilder;

/// Spawns a task that runs in a copy of the current context. Otherwise like [`tokio::spawn`].
///
/// # Panics
///
/// Panics outside a tokio runtime.
///
/// # Cost
///
/// Two words in the task, three with the feature `companion`, and one increment of a reference count.
///
/// # Examples
///
/// The caller does not see what the task sets:
///
/// ```
/// use context_vars::{context_var, task};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = async {
///     let task = task::spawn(async {
///         let user = USER.get();
///         USER.set("changed");
///         user
///     });
///     assert_eq!(task.await.unwrap(), "alice");
///     assert_eq!(USER.get(), "alice");
/// };
/// USER.scope("alice", request).await;
/// # }
/// ```
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::task::spawn(future.inherit_context())
}

/// Runs a blocking closure in a copy of the current context. Otherwise like
/// [`tokio::task::spawn_blocking`].
///
/// # Panics
///
/// Panics outside a tokio runtime.
///
/// # Cost
///
/// Two words in the closure, three with the feature `companion`, and one increment of a reference count.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, task};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let work = USER.sync_scope("alice", || task::spawn_blocking(|| USER.get()));
/// assert_eq!(work.await.unwrap(), "alice");
/// # }
/// ```
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    tokio::task::spawn_blocking(inherit(f))
}

/// Spawns a task that is not `Send` and runs in a copy of the current context. Otherwise like
/// [`tokio::task::spawn_local`].
///
/// # Panics
///
/// Panics outside a `LocalSet` and a `LocalRuntime`.
///
/// # Cost
///
/// Equal to [`spawn`].
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, task};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let set = tokio::task::LocalSet::new();
/// let request = async { task::spawn_local(async { USER.get() }).await.unwrap() };
/// assert_eq!(USER.scope("alice", set.run_until(request)).await, "alice");
/// # }
/// ```
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    tokio::task::spawn_local(future.inherit_context())
}
