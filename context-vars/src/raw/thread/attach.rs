//! Contexts that one callback attaches and a later one detaches.

#![cfg(all(feature = "tokio", tokio_unstable))]

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr;

use super::enter::Previous;
use super::fork::is_root;
use super::state::{EntryId, thread_state};
use crate::raw::abort::abort_out_of_order;
use crate::raw::context::RawContext;
use crate::raw::task_id::TaskId;

thread_local! {
    // The innermost attachment. Without a destructor, like the state of the thread.
    static ATTACHED: ManuallyDrop<Cell<Option<Attached>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

/// Calls `f`, a callback that runs between the polls of a task whose context is attached, so that it
/// may set there: tokio's task id is that of the worker meanwhile.
///
/// In the root of the thread, where no context is attached, it may do what it could before.
pub(crate) fn call_as_owner(f: impl FnOnce()) {
    struct Restore(TaskId);

    impl Drop for Restore {
        fn drop(&mut self) {
            thread_state().owner.set(self.0);
        }
    }

    if is_root() {
        return f();
    }
    let _restore = Restore(thread_state().owner.replace(TaskId::current()));
    f();
}

/// A context that one call makes current and a later call on the same thread takes back, for
/// callbacks that come in pairs: between them no stack frame of this crate exists.
///
/// While it is attached, the thread keeps the box, so that no other code can reach the context
/// around. It is detached only when all that began inside has ended: the entry tells so of what was
/// entered, `read` of the active reads. So attachments nest strictly with everything else that
/// enters a context, or the process is aborted.
pub(crate) struct Attachment {
    /// Empty while it is attached.
    context: RawContext,
}

struct Attached {
    attachment: Box<Attachment>,
    previous: Previous,
    /// The innermost read that was active.
    read: usize,
    /// The attachment around this one, the only case that needs a box.
    outer: Option<Box<Attached>>,
}

impl Attachment {
    pub(crate) fn new(context: RawContext) -> Box<Self> {
        Box::new(Self { context })
    }

    /// Returns what no other attachment has as long as this one exists.
    pub(crate) fn key(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Makes the context current for `task` until [`detach`](Self::detach).
    pub(crate) fn attach(mut self: Box<Self>, task: TaskId) {
        let thread = thread_state();
        let previous = thread.enter(task, EntryId::of_home(&self.context), self.context.take());
        let read = thread.heap.innermost_read();
        ATTACHED.with(|innermost| {
            let outer = innermost.take().map(Box::new);
            innermost.set(Some(Attached {
                attachment: self,
                previous,
                read,
                outer,
            }));
        });
    }

    /// Takes back the attachment with this key; `None` if this thread has no such attachment.
    pub(crate) fn detach(key: usize) -> Option<Box<Self>> {
        ATTACHED.with(|innermost| {
            let attached = innermost.take()?;
            if attached.attachment.key() != key {
                if attached.is_inside(key) {
                    abort_out_of_order();
                }
                innermost.set(Some(attached));
                return None;
            }
            let thread = thread_state();
            if thread.heap.innermost_read() != attached.read {
                abort_out_of_order();
            }
            let mut attachment = attached.attachment;
            let entry = EntryId::of_home(&attachment.context);
            attachment.context = thread.leave(entry, attached.previous);
            innermost.set(attached.outer.map(|outer| *outer));
            Some(attachment)
        })
    }
}

impl Attached {
    /// Returns whether the attachment with this key is one around this one.
    fn is_inside(&self, key: usize) -> bool {
        let mut next = self.outer.as_deref();
        while let Some(outer) = next {
            if outer.attachment.key() == key {
                return true;
            }
            next = outer.outer.as_deref();
        }
        false
    }
}
