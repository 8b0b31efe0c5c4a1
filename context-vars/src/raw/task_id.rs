//! The tokio task that runs on this thread. It decides whether variables may be set in the current
//! context (R21).
//!
//! Without the feature `tokio` no task is known, and nothing here takes memory or time.

#[cfg(all(feature = "tokio", tokio_unstable))]
use core::cell::Cell;

/// A tokio task or blocking closure, or none: a plain thread, or the future of `block_on`.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId(Option<tokio::task::Id>);

#[cfg(feature = "tokio")]
impl TaskId {
    pub(super) const NONE: Self = Self(None);

    #[inline]
    pub(super) fn current() -> Self {
        Self(tokio::task::try_id())
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0.is_none()
    }
}

#[cfg(all(feature = "tokio", tokio_unstable))]
impl From<tokio::task::Id> for TaskId {
    fn from(id: tokio::task::Id) -> Self {
        Self(Some(id))
    }
}

#[cfg(all(feature = "tokio", tokio_unstable))]
thread_local! {
    static CALLBACK: Cell<Option<RunningCallback>> = const { Cell::new(None) };
}

/// A callback that runs between the polls of a task.
#[cfg(all(feature = "tokio", tokio_unstable))]
#[derive(Clone, Copy)]
struct RunningCallback {
    task: TaskId,
    /// The task that tokio reports meanwhile: the task in which the worker runs, usually none.
    runs_in: TaskId,
}

#[cfg(all(feature = "tokio", tokio_unstable))]
impl RunningCallback {
    /// Returns the innermost callback, unless the running code belongs to another task that runs
    /// inside the callback.
    fn innermost() -> Option<Self> {
        let callback = CALLBACK.get();
        callback.filter(|callback| callback.runs_in == TaskId::current())
    }
}

#[cfg(all(feature = "tokio", tokio_unstable))]
impl TaskId {
    /// Calls `f`, which runs on behalf of this task.
    pub(super) fn act_as(self, f: impl FnOnce()) {
        struct Restore(Option<RunningCallback>);

        impl Drop for Restore {
            fn drop(&mut self) {
                CALLBACK.set(self.0);
            }
        }

        let callback = RunningCallback {
            task: self,
            runs_in: Self::current(),
        };
        let _restore = Restore(CALLBACK.replace(Some(callback)));
        f();
    }

    /// Returns the task on whose behalf the code on this thread runs.
    pub(super) fn acting() -> Self {
        RunningCallback::innermost().map_or_else(Self::current, |callback| callback.task)
    }

    /// Returns `true` if a callback of this task runs.
    #[cold]
    pub(super) fn is_in_callback(self) -> bool {
        RunningCallback::innermost().is_some_and(|callback| callback.task == self)
    }
}

#[cfg(not(all(feature = "tokio", tokio_unstable)))]
impl TaskId {
    /// Returns the task on whose behalf the code on this thread runs.
    #[inline]
    pub(super) fn acting() -> Self {
        Self::current()
    }

    /// Returns `false`, because there are no callbacks without `--cfg tokio_unstable`.
    #[inline]
    pub(super) fn is_in_callback(self) -> bool {
        false
    }
}

#[cfg(not(feature = "tokio"))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId;

#[cfg(not(feature = "tokio"))]
impl TaskId {
    pub(super) const NONE: Self = Self;

    #[inline]
    pub(super) fn current() -> Self {
        Self
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        true
    }
}
