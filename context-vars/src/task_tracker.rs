//! Tasks of tokio-util's `TaskTracker` that inherit.

use core::future::Future;

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::task::TaskTracker;

use crate::in_context::ContextFutureExt;
use crate::inherit::inherit;

mod sealed {
    pub trait Sealed {}
}

/// Spawns on a [`TaskTracker`], inheriting.
///
/// Each method is the one of `TaskTracker` without `_inherited` in its name; the task runs in
/// a copy of the context that is current at the call.
///
/// # Panics
///
/// Where the one of `TaskTracker` does: outside of a tokio runtime, the local ones outside of a
/// `LocalSet`, unless they are given one.
///
/// # Cost
///
/// As [`task::spawn`](crate::task::spawn).
///
/// # Examples
///
/// Tasks:
///
/// ```
/// use context_vars::{context_var, prelude::*};
/// use tokio_util::task::TaskTracker;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tracker = TaskTracker::new();
/// let task = USER.sync_scope("alice", || tracker.spawn_inherited(async { USER.get() }));
/// tracker.close();
/// tracker.wait().await;
/// assert_eq!(task.await.unwrap(), "alice");
/// # }
/// ```
///
/// Blocking closures:
///
/// ```
/// use context_vars::{context_var, prelude::*};
/// use tokio_util::task::TaskTracker;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tracker = TaskTracker::new();
/// let work = USER.sync_scope("alice", || tracker.spawn_blocking_inherited(|| USER.get()));
/// assert_eq!(work.await.unwrap(), "alice");
/// # }
/// ```
pub trait TaskTrackerExt: sealed::Sealed {
    /// As [`TaskTracker::spawn`], inheriting.
    ///
    /// # Examples
    ///
    /// What a task sets stays with it:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio_util::task::TaskTracker;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tracker = TaskTracker::new();
    /// USER.scope("alice", async {
    ///     let task = tracker.spawn_inherited(async { USER.set("bob").old_value().copied() });
    ///     assert_eq!(task.await.unwrap(), Some("alice"));
    ///     assert_eq!(USER.get(), "alice");
    /// })
    /// .await;
    /// # }
    /// ```
    fn spawn_inherited<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// As [`TaskTracker::spawn_on`], inheriting.
    ///
    /// # Examples
    ///
    /// From outside of the runtime:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::runtime::Runtime;
    /// use tokio_util::task::TaskTracker;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let tracker = TaskTracker::new();
    /// let task = USER.sync_scope("alice", || {
    ///     tracker.spawn_on_inherited(async { USER.get() }, runtime.handle())
    /// });
    /// assert_eq!(runtime.block_on(task).unwrap(), "alice");
    /// # Ok(())
    /// # }
    /// ```
    fn spawn_on_inherited<F>(&self, task: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// As [`TaskTracker::spawn_local`], inheriting.
    ///
    /// # Examples
    ///
    /// A future that is not `Send`:
    ///
    /// ```
    /// use std::rc::Rc;
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::task::LocalSet;
    /// use tokio_util::task::TaskTracker;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tracker = TaskTracker::new();
    /// let work = async {
    ///     let word = Rc::new("hello");
    ///     let task = USER.sync_scope("alice", || {
    ///         tracker.spawn_local_inherited(async move { format!("{word} {}", USER.get()) })
    ///     });
    ///     task.await.unwrap()
    /// };
    /// assert_eq!(LocalSet::new().run_until(work).await, "hello alice");
    /// # }
    /// ```
    fn spawn_local_inherited<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static;

    /// As [`TaskTracker::spawn_local_on`], inheriting.
    ///
    /// # Examples
    ///
    /// Before the `LocalSet` runs:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::task::LocalSet;
    /// use tokio_util::task::TaskTracker;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (local, tracker) = (LocalSet::new(), TaskTracker::new());
    /// let task = USER.sync_scope("alice", || {
    ///     tracker.spawn_local_on_inherited(async { USER.get() }, &local)
    /// });
    /// assert_eq!(local.run_until(task).await.unwrap(), "alice");
    /// # }
    /// ```
    fn spawn_local_on_inherited<F>(&self, task: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static;

    /// As [`TaskTracker::spawn_blocking`], inheriting.
    ///
    /// # Examples
    ///
    /// Begun in one scope, awaited in another:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio_util::task::TaskTracker;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tracker = TaskTracker::new();
    /// let task = USER.sync_scope("alice", || tracker.spawn_blocking_inherited(|| USER.get()));
    /// assert_eq!(USER.scope("bob", task).await.unwrap(), "alice");
    /// # }
    /// ```
    fn spawn_blocking_inherited<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static;

    /// As [`TaskTracker::spawn_blocking_on`], inheriting.
    ///
    /// # Examples
    ///
    /// From outside of the runtime:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::runtime::Runtime;
    /// use tokio_util::task::TaskTracker;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let tracker = TaskTracker::new();
    /// let task = USER.sync_scope("alice", || {
    ///     tracker.spawn_blocking_on_inherited(|| USER.get(), runtime.handle())
    /// });
    /// assert_eq!(runtime.block_on(task).unwrap(), "alice");
    /// # Ok(())
    /// # }
    /// ```
    fn spawn_blocking_on_inherited<F, R>(&self, f: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static;
}

impl sealed::Sealed for TaskTracker {}

#[allow(clippy::disallowed_methods)] // this is what replaces them
impl TaskTrackerExt for TaskTracker {
    #[track_caller]
    fn spawn_inherited<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn(task.inherit_context())
    }

    #[track_caller]
    fn spawn_on_inherited<F>(&self, task: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_on(task.inherit_context(), handle)
    }

    #[track_caller]
    fn spawn_local_inherited<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_local(task.inherit_context())
    }

    #[track_caller]
    fn spawn_local_on_inherited<F>(&self, task: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_local_on(task.inherit_context(), local_set)
    }

    #[track_caller]
    fn spawn_blocking_inherited<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking(inherit(f))
    }

    #[track_caller]
    fn spawn_blocking_on_inherited<F, R>(&self, f: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_on(inherit(f), handle)
    }
}
