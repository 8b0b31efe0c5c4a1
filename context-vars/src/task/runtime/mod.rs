//! A tokio runtime on which a plain `tokio::spawn` inherits, based on the hooks of
//! `tokio_unstable`.
//!
//! Tokio calls a hook when a task is spawned, before and after each of its polls, and when the task ends,
//! and passes only the task's id. The contexts of tasks that are not being polled are therefore stored in
//! a table. A poll takes the task's context out, makes it the current context of the thread (a
//! [`TaskContext`]), and puts it back afterwards.
//!
//! Three things about the order of the calls are not obvious:
//!
//! * The hook for the end of a task runs inside the task's last poll, and removes the task from the
//!   table. The previous context of the thread must therefore not be stored in the table.
//! * Tokio releases a task before it calls the hook after the poll. Another thread can then begin the
//!   next poll, and has to wait for the context.
//! * A runtime that is shutting down can call the hook for the end of a task before the hook for its
//!   spawn.

use core::panic::Location;
use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, LocalOptions, LocalRuntime, Runtime, TaskMeta};
use tokio::task::Id;

use crate::raw::abort::ignore_panic;
use crate::raw::context::RawContext;
use crate::raw::thread::{self, TaskContext, TaskKey};

mod table;

use table::{Part, Table};

/// A builder of a runtime on which every task inherits, including tasks that a library spawns by
/// `tokio::spawn` or in a `JoinSet`.
///
/// A task runs in a copy of the context that is current where the task is spawned, and keeps the values
/// that it sets from poll to poll. As always, `#[no_inherit]` variables are not copied.
///
/// The builder exists only with `--cfg tokio_unstable`, because tokio's hooks exist only with that
/// flag.
///
/// # What does not inherit
///
/// Tokio has no hook for the closures of `spawn_blocking` or for the tasks of a `LocalSet`. Use
/// [`task::spawn_blocking`](crate::task::spawn_blocking) and
/// [`task::spawn_local`](crate::task::spawn_local) there.
///
/// Tokio also has no hook before it drops an unfinished task because the *runtime* is shut down. Such a
/// task is dropped in the context of the thread that shuts the runtime down. A task that is finished,
/// aborted or panics is dropped inside its own context.
///
/// The state of a companion (feature `companion`) does not follow plain tasks, because tokio's hooks
/// cannot carry it: a plain task runs in whatever state its thread has. If a span should follow as well,
/// spawn with [`task::spawn`](crate::task::spawn).
///
/// # The end of a task
///
/// Tokio wakes the task that awaits a `JoinHandle` before it calls the hook for the end of a task. The
/// values of the task's context can therefore still be alive when the handle is ready. If such a value
/// is a permit or a connection that the awaiting task needs, spawn with
/// [`task::spawn`](crate::task::spawn), which drops the context before.
///
/// # Long-lived tasks
///
/// A task that outlives the request in which it was spawned keeps that request's context. For example,
/// the task of a pooled connection acts for ever as the first user, and keeps all of that user's values
/// alive. Exclude such tasks with [`except`](Self::except).
///
/// # Cost
///
/// One allocation for each task. A poll locks the task's part of a table twice, and moves the context
/// out of a hash map and back. [`task::spawn`](crate::task::spawn) costs less, because it needs none of
/// this.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, task::InheritingBuilder};
/// use tokio::runtime::Builder;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let mut builder = Builder::new_multi_thread();
/// let runtime = InheritingBuilder::new(builder.enable_all())
///     .except(|spawned_at| spawned_at.file().contains("/hyper-util-"))
///     .build()?;
/// runtime.block_on(async {
///     let task = USER.sync_scope("alice", || tokio::spawn(async { USER.get() }));
///     assert_eq!(task.await.unwrap(), "alice");
/// });
/// # Ok(())
/// # }
/// ```
#[must_use = "call `build` to get the runtime"]
pub struct InheritingBuilder<'a> {
    builder: &'a mut Builder,
    hooks: Hooks,
}

impl<'a> InheritingBuilder<'a> {
    /// Creates a builder of the same runtime as `builder`, but with tasks that inherit.
    ///
    /// Tokio keeps one hook of each kind, so hooks that `builder` has already are replaced. Set your hooks
    /// on the returned builder instead.
    pub fn new(builder: &'a mut Builder) -> Self {
        Self {
            builder,
            hooks: Hooks::default(),
        }
    }

    /// Excludes tasks by the place where they are spawned. A task for which `leave_out` returns `true` runs
    /// in a new empty context. If `except` is called twice, a task is excluded if either closure returns
    /// `true`.
    ///
    /// The place is that of the call to tokio, usually in the source of the library that spawns.
    ///
    /// # Examples
    ///
    /// Excluding the tasks that this file spawns:
    ///
    /// ```
    /// use context_vars::{context_var, task::InheritingBuilder};
    /// use tokio::runtime::Builder;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = InheritingBuilder::new(&mut Builder::new_current_thread())
    ///     .except(|spawned_at| spawned_at.file() == file!())
    ///     .build()?;
    /// let task = runtime.block_on(async {
    ///     USER.sync_scope("alice", || tokio::spawn(async { USER.get() })).await
    /// });
    /// assert_eq!(task.unwrap(), "anonymous");
    /// # Ok(())
    /// # }
    /// ```
    pub fn except(
        mut self,
        leave_out: impl Fn(&'static Location<'static>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.hooks.left_out.push(Box::new(leave_out));
        self
    }

    /// Sets tokio's hook `on_task_spawn`. `f` is called in the context of the code that spawns.
    ///
    /// # Examples
    ///
    /// Reading the user for whom a task is spawned:
    ///
    /// ```
    /// use context_vars::{context_var, task::InheritingBuilder};
    /// use tokio::runtime::Builder;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = InheritingBuilder::new(&mut Builder::new_current_thread())
    ///     .on_task_spawn(|_| assert_eq!(USER.get(), "alice"))
    ///     .build()?;
    /// runtime.block_on(async { USER.sync_scope("alice", || tokio::spawn(async {})).await.unwrap() });
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_task_spawn(mut self, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Self {
        self.hooks.users.spawn = Some(Arc::new(f));
        self
    }

    /// Sets tokio's hook `on_before_task_poll`. `f` is called in the context of the task.
    ///
    /// A context that `f` [attaches](crate::Context::attach) is current during the poll if `f` keeps the
    /// guard, and the task can set variables in it. The attached context ends with its guard, or with the
    /// poll at the latest.
    pub fn on_before_task_poll(
        mut self,
        f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.users.before_poll = Some(Arc::new(f));
        self
    }

    /// Sets tokio's hook `on_after_task_poll`. `f` is called in the context of the task. No other thread
    /// polls the task before `f` returns.
    pub fn on_after_task_poll(mut self, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Self {
        self.hooks.users.after_poll = Some(Arc::new(f));
        self
    }

    /// Sets tokio's hook `on_task_terminate`. `f` is called in the context of the task. The closure of a
    /// `spawn_blocking` has no context here, so for it `f` is called in the context of the thread.
    pub fn on_task_terminate(mut self, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Self {
        self.hooks.users.terminate = Some(Arc::new(f));
        self
    }

    /// Builds the runtime, like [`Builder::build`].
    ///
    /// Tokio's builder afterwards has the given callbacks but not the hooks of this crate. A second runtime
    /// built from it does not inherit, unless it is built by another `InheritingBuilder`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Builder::build`].
    ///
    /// # Examples
    ///
    /// A second runtime from the same builder, which does not inherit:
    ///
    /// ```
    /// use context_vars::task::InheritingBuilder;
    /// use tokio::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut builder = Builder::new_multi_thread();
    /// let inherits = InheritingBuilder::new(&mut builder).build()?;
    /// let plain = builder.build()?;
    /// # drop((inherits, plain));
    /// # Ok(())
    /// # }
    /// ```
    pub fn build(self) -> io::Result<Runtime> {
        self.build_by(Builder::build)
    }

    /// Builds a runtime whose tasks need not be `Send`, like [`Builder::build_local`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Builder::build_local`].
    ///
    /// # Examples
    ///
    /// A task that is not `Send`:
    ///
    /// ```
    /// use std::rc::Rc;
    /// use context_vars::{context_var, task::InheritingBuilder};
    /// use tokio::runtime::{Builder, LocalOptions};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime =
    ///     InheritingBuilder::new(&mut Builder::new_current_thread()).build_local(LocalOptions::default())?;
    /// let word = Rc::new("hello");
    /// let greet = async move { format!("{word} {}", USER.get()) };
    /// let task = runtime.block_on(async {
    ///     USER.sync_scope("alice", || tokio::task::spawn_local(greet)).await
    /// });
    /// assert_eq!(task.unwrap(), "hello alice");
    /// # Ok(())
    /// # }
    /// ```
    pub fn build_local(self, options: LocalOptions) -> io::Result<LocalRuntime> {
        self.build_by(|builder| builder.build_local(options))
    }

    fn build_by<R>(self, build: impl FnOnce(&mut Builder) -> R) -> R {
        let users = self.hooks.users.clone();
        install(self.builder, &Arc::new(self.hooks));
        let built = build(self.builder);
        // The builder gets the user's hooks back. Otherwise a caller could replace one of our four hooks
        // and build a second runtime with the other three, which do not work alone.
        users.install(self.builder);
        built
    }
}

impl core::fmt::Debug for InheritingBuilder<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("InheritingBuilder")
            .field("builder", &self.builder)
            .finish_non_exhaustive()
    }
}

type Hook = Arc<dyn Fn(&TaskMeta<'_>) + Send + Sync>;

/// The user's own hooks.
#[derive(Clone, Default)]
struct Users {
    spawn: Option<Hook>,
    before_poll: Option<Hook>,
    after_poll: Option<Hook>,
    terminate: Option<Hook>,
}

impl Users {
    fn install(self, builder: &mut Builder) {
        let or_nothing = |hook: Option<Hook>| hook.unwrap_or_else(|| Arc::new(|_| ()));
        let (spawn, before) = (or_nothing(self.spawn), or_nothing(self.before_poll));
        let (after, terminate) = (or_nothing(self.after_poll), or_nothing(self.terminate));
        builder
            .on_task_spawn(move |meta| spawn(meta))
            .on_before_task_poll(move |meta| before(meta))
            .on_after_task_poll(move |meta| after(meta))
            .on_task_terminate(move |meta| terminate(meta));
    }
}

fn call(hook: Option<&Hook>, meta: &TaskMeta<'_>) {
    if let Some(hook) = hook {
        hook(meta);
    }
}

fn install(builder: &mut Builder, hooks: &Arc<Hooks>) {
    let (spawn, before) = (Arc::clone(hooks), Arc::clone(hooks));
    let (after, terminate) = (Arc::clone(hooks), Arc::clone(hooks));
    builder
        .on_task_spawn(move |meta| spawn.on_spawn(meta))
        .on_before_task_poll(move |meta| before.on_before_poll(meta))
        .on_after_task_poll(move |meta| after.on_after_poll(meta))
        .on_task_terminate(move |meta| terminate.on_terminate(meta));
}

type LeaveOut = Box<dyn Fn(&'static Location<'static>) -> bool + Send + Sync>;

/// The data that the four hooks of one runtime share.
#[derive(Default)]
struct Hooks {
    table: Table,
    left_out: Vec<LeaveOut>,
    users: Users,
}

impl Hooks {
    fn on_spawn(&self, meta: &TaskMeta<'_>) {
        let left_out = self.left_out.iter().any(|out| out(meta.spawned_at()));
        let context = if left_out {
            RawContext::EMPTY
        } else {
            thread::snapshot()
        };
        drop_ended(self.table.part(meta.id()).insert(meta.id(), context));
        call(self.users.spawn.as_ref(), meta);
    }

    fn on_before_poll(&self, meta: &TaskMeta<'_>) {
        let part = self.table.part(meta.id());
        if let Some(context) = part.take(meta.id()) {
            context.begin_poll(meta.id().into());
        }
        // If `f` panics, tokio does not call the hook after the poll, and the thread would stay in the
        // task's context.
        let leave = Leave(part, meta.id());
        thread::call_as_owner(|| call(self.users.before_poll.as_ref(), meta));
        core::mem::forget(leave);
    }

    fn on_after_poll(&self, meta: &TaskMeta<'_>) {
        let _leave = Leave(self.table.part(meta.id()), meta.id());
        thread::call_as_owner(|| call(self.users.after_poll.as_ref(), meta));
    }

    fn on_terminate(&self, meta: &TaskMeta<'_>) {
        let Some(context) = self.table.part(meta.id()).end(meta.id()) else {
            // The task is inside its last poll, or it is unknown here.
            return thread::call_as_owner(|| call(self.users.terminate.as_ref(), meta));
        };
        let key = context.key();
        context.begin_poll(meta.id().into());
        let _leave = EndAndDiscard(key);
        thread::call_as_owner(|| call(self.users.terminate.as_ref(), meta));
    }
}

/// A guard that ends a poll, if the task has a context and this thread is in it.
struct Leave<'a>(&'a Part, Id);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        drop_ended(self.0.bring_back(self.1));
    }
}

struct EndAndDiscard(TaskKey);

impl Drop for EndAndDiscard {
    fn drop(&mut self) {
        drop_ended(TaskContext::end_poll(self.0));
    }
}

/// Drops the context of a task that has ended, after the thread has left the context.
///
/// A panic in the `Drop` of a value must not end the runtime's thread. The panic hook has reported it, and
/// tokio ignores panics of dropped task results in the same way.
fn drop_ended(context: Option<Box<TaskContext>>) {
    ignore_panic(|| drop(context));
}
