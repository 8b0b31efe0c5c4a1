//! Tokio's tasks that inherit.
//!
//! The functions are those of [`tokio::task`], with the same signatures; what they start runs in a
//! copy of the context that is current where they are called. A `JoinSet` or a `TaskTracker` needs
//! nothing of its own: `set.spawn(work.inherit_context())`, `set.spawn_blocking(inherit(f))`.
//!
//! A *bare* task, started by `tokio::spawn` itself, does not inherit. It sees whatever context its
//! thread is in, usually an empty one. It must not [`set`] anything there, because the next task polled
//! on that thread would see the value. With the feature `tokio` such a `set` panics.
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
//! What combinators such as `join!` and `select!` share and what they isolate is a page of its own:
//! [`docs::semantics`](crate::docs::semantics).

#[cfg(tokio_unstable)]
mod runtime;

use core::future::Future;

use tokio::task::JoinHandle;

use crate::in_context::ContextExt;
use crate::inherit::inherit;

#[cfg(tokio_unstable)]
pub use self::runtime::InheritingBuilder;

/// As [`tokio::spawn`]; the task runs in a copy of the context that is current here.
///
/// # Panics
///
/// Outside a tokio runtime.
///
/// # Cost
///
/// Two words in the task, three with the feature `companion`, and one increment of a reference count.
///
/// # Examples
///
/// What the task sets stays with it:
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

/// As [`tokio::task::spawn_blocking`]; the closure runs in a copy of the context that is current
/// here.
///
/// # Panics
///
/// Outside a tokio runtime.
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

/// As [`tokio::task::spawn_local`]; the task runs in a copy of the context that is current here.
///
/// # Panics
///
/// Outside a `LocalSet` and a `LocalRuntime`.
///
/// # Cost
///
/// As [`spawn`].
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
