//! The contexts of tasks whose polls are announced by callbacks: one before the poll, one after it.

#![cfg(all(feature = "tokio", tokio_unstable))]

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr;

use super::entry::BorrowedPrevious;
use super::fork::is_root;
use super::state::thread_state;
use crate::raw::abort::abort_out_of_order;
use crate::raw::context::RawContext;
use crate::raw::heap::InnermostRead;
use crate::raw::task_id::TaskId;

thread_local! {
    // The innermost poll. Without a destructor, like the state of the thread.
    static POLLS: ManuallyDrop<Cell<Option<RunningPoll>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

/// Calls `f`, a callback that runs between the polls of a task whose context is current, on behalf
/// of that task. Otherwise `f` could not set variables there, because tokio meanwhile reports the
/// task of the worker.
///
/// In the root of the thread, where no task has a context, this changes nothing for `f`.
pub(crate) fn call_as_owner(f: impl FnOnce()) {
    if is_root() {
        return f();
    }
    // The owner is not replaced meanwhile, because a context that `f` attaches may outlast `f`, and
    // would keep the owner that the context around it has at that moment.
    thread_state().current_owner().act_as(f);
}

/// The context of a task, which one callback makes current and a later one on the same thread takes
/// back. Between the two callbacks no stack frame of this crate exists.
///
/// During a poll the thread keeps the box, so that no other code can reach the previous context. The poll
/// can end only when everything that began inside has ended: the entry shows this for entered contexts,
/// `read` for active reads. Polls therefore nest strictly with everything else that enters a context;
/// otherwise the process is aborted.
pub(crate) struct TaskContext {
    /// Empty during a poll.
    context: RawContext,
}

/// Identifies the context of a task by its address, as long as that context exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskKey(usize);

struct RunningPoll {
    task: Box<TaskContext>,
    previous: BorrowedPrevious,
    /// The innermost read that was active.
    read: InnermostRead,
    /// The poll around this one. Only nested polls need a box.
    outer: Option<Box<RunningPoll>>,
}

impl TaskContext {
    pub(crate) fn new(context: RawContext) -> Box<Self> {
        Box::new(Self { context })
    }

    pub(crate) fn key(&self) -> TaskKey {
        TaskKey(ptr::from_ref(self).addr())
    }

    /// Makes the context current for `task` until [`end_poll`](Self::end_poll).
    pub(crate) fn begin_poll(mut self: Box<Self>, task: TaskId) {
        let thread = thread_state();
        let previous = thread.enter_as(task, self.context.take());
        let read = thread.heap.innermost_read();
        POLLS.with(|innermost| {
            let outer = innermost.take().map(Box::new);
            innermost.set(Some(RunningPoll {
                task: self,
                previous,
                read,
                outer,
            }));
        });
    }

    /// Takes back the context with this key. Returns `None` if this thread does not poll its task.
    pub(crate) fn end_poll(key: TaskKey) -> Option<Box<Self>> {
        POLLS.with(|innermost| {
            let poll = innermost.take()?;
            if poll.task.key() != key {
                if poll.is_inside(key) {
                    abort_out_of_order();
                }
                innermost.set(Some(poll));
                return None;
            }
            let thread = thread_state();
            if thread.heap.innermost_read() != poll.read {
                abort_out_of_order();
            }
            let mut task = poll.task;
            task.context = thread.leave_scope(poll.previous);
            innermost.set(poll.outer.map(|outer| *outer));
            Some(task)
        })
    }
}

impl RunningPoll {
    /// Returns `true` if the task with this key is polled around this poll.
    fn is_inside(&self, key: TaskKey) -> bool {
        let mut next = self.outer.as_deref();
        while let Some(outer) = next {
            if outer.task.key() == key {
                return true;
            }
            next = outer.outer.as_deref();
        }
        false
    }
}
