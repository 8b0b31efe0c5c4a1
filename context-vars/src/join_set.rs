//! Tasks of a `JoinSet` that inherit.

use core::future::Future;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet, LocalSet};

use crate::in_context::ContextFutureExt;
use crate::inherit::inherit;

mod sealed {
    pub trait Sealed {}
}

/// Spawns on a [`JoinSet`], inheriting.
///
/// Each method is the one of `JoinSet` without `_inherited` in its name; the task runs in a copy
/// of the context that is current at the call.
///
/// # Panics
///
/// Where the one of `JoinSet` does: outside of a tokio runtime, the local ones outside of a
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
/// use tokio::task::JoinSet;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut set = JoinSet::new();
/// for user in ["alice", "bob"] {
///     USER.sync_scope(user, || set.spawn_inherited(async { USER.get() }));
/// }
/// let mut users = set.join_all().await;
/// users.sort();
/// assert_eq!(users, ["alice", "bob"]);
/// # }
/// ```
///
/// Blocking closures:
///
/// ```
/// use context_vars::{context_var, prelude::*};
/// use tokio::task::JoinSet;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut set = JoinSet::new();
/// USER.sync_scope("alice", || set.spawn_blocking_inherited(|| USER.get()));
/// assert_eq!(set.join_next().await.unwrap().unwrap(), "alice");
/// # }
/// ```
pub trait JoinSetExt<T>: sealed::Sealed {
    /// As [`JoinSet::spawn`], inheriting.
    ///
    /// # Examples
    ///
    /// What a task sets stays with it:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::task::JoinSet;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut set = JoinSet::new();
    /// USER.scope("alice", async {
    ///     set.spawn_inherited(async { USER.set("bob").old_value().copied() });
    ///     assert_eq!(set.join_next().await.unwrap().unwrap(), Some("alice"));
    ///     assert_eq!(USER.get(), "alice");
    /// })
    /// .await;
    /// # }
    /// ```
    fn spawn_inherited<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// As [`JoinSet::spawn_on`], inheriting.
    ///
    /// # Examples
    ///
    /// From outside of the runtime:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::{runtime::Runtime, task::JoinSet};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let mut set = JoinSet::new();
    /// USER.sync_scope("alice", || set.spawn_on_inherited(async { USER.get() }, runtime.handle()));
    /// assert_eq!(runtime.block_on(set.join_all()), ["alice"]);
    /// # Ok(())
    /// # }
    /// ```
    fn spawn_on_inherited<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// As [`JoinSet::spawn_blocking`], inheriting.
    ///
    /// # Examples
    ///
    /// Begun in one scope, awaited in another:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::task::JoinSet;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut set = JoinSet::new();
    /// USER.sync_scope("alice", || set.spawn_blocking_inherited(|| USER.get()));
    /// let users = USER.scope("bob", set.join_all()).await;
    /// assert_eq!(users, ["alice"]);
    /// # }
    /// ```
    fn spawn_blocking_inherited<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send;

    /// As [`JoinSet::spawn_blocking_on`], inheriting.
    ///
    /// # Examples
    ///
    /// From outside of the runtime:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::{runtime::Runtime, task::JoinSet};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let mut set = JoinSet::new();
    /// USER.sync_scope("alice", || set.spawn_blocking_on_inherited(|| USER.get(), runtime.handle()));
    /// assert_eq!(runtime.block_on(set.join_all()), ["alice"]);
    /// # Ok(())
    /// # }
    /// ```
    fn spawn_blocking_on_inherited<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send;

    /// As [`JoinSet::spawn_local`], inheriting.
    ///
    /// # Examples
    ///
    /// A future that is not `Send`:
    ///
    /// ```
    /// use std::rc::Rc;
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::task::{JoinSet, LocalSet};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut set = JoinSet::new();
    /// let work = async {
    ///     let word = Rc::new("hello");
    ///     USER.sync_scope("alice", || {
    ///         set.spawn_local_inherited(async move { format!("{word} {}", USER.get()) })
    ///     });
    ///     set.join_all().await
    /// };
    /// assert_eq!(LocalSet::new().run_until(work).await, ["hello alice"]);
    /// # }
    /// ```
    fn spawn_local_inherited<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static;

    /// As [`JoinSet::spawn_local_on`], inheriting.
    ///
    /// # Examples
    ///
    /// Before the `LocalSet` runs:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    /// use tokio::task::{JoinSet, LocalSet};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (local, mut set) = (LocalSet::new(), JoinSet::new());
    /// USER.sync_scope("alice", || set.spawn_local_on_inherited(async { USER.get() }, &local));
    /// assert_eq!(local.run_until(set.join_all()).await, ["alice"]);
    /// # }
    /// ```
    fn spawn_local_on_inherited<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static;
}

impl<T> sealed::Sealed for JoinSet<T> {}

#[allow(clippy::disallowed_methods)] // this is what replaces them
impl<T: 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_inherited<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn(task.inherit_context())
    }

    #[track_caller]
    fn spawn_on_inherited<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn_on(task.inherit_context(), handle)
    }

    #[track_caller]
    fn spawn_blocking_inherited<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.spawn_blocking(inherit(f))
    }

    #[track_caller]
    fn spawn_blocking_on_inherited<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.spawn_blocking_on(inherit(f), handle)
    }

    #[track_caller]
    fn spawn_local_inherited<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.spawn_local(task.inherit_context())
    }

    #[track_caller]
    fn spawn_local_on_inherited<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.spawn_local_on(task.inherit_context(), local_set)
    }
}
