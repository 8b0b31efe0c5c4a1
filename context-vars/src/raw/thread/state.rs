//! The state of a thread: its current context, and its phase.

use core::cell::Cell;
use core::mem::{self, ManuallyDrop};
use core::ptr;

use super::attachments::Attachments;
use super::entry::EntryId;
use super::init_stack::InitStack;
use super::running_drops::RunningDrops;
use crate::raw::context::{ContextId, Extra, RawContext};
use crate::raw::heap::ThreadHeap;
use crate::raw::key::Key;
use crate::raw::map::Map;
use crate::raw::pool::Pool;
use crate::raw::task_id::TaskId;
use crate::raw::value::Value;
use crate::raw::value_ptr::ValuePtr;
use crate::raw::var_id::VarId;

/// The phase of a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The thread has no values that must be freed.
    Fresh,
    /// The root will be emptied when the thread ends.
    Live,
    /// The root was emptied. A value that is set in it from now on is dropped immediately.
    Ended,
}

/// All data that this crate keeps for a thread.
///
/// One thread-local holds all of it, because in position-independent code each access to a
/// thread-local may be a call.
///
/// The two words of the current context are separate fields, so that they are moved one by one.
/// Reading them back as a pair, right after they were written as single words, would wait for the
/// processor's store buffer.
#[repr(C)]
pub(super) struct ThreadState {
    /// The values of the current context.
    map: Cell<Map>,
    /// The innermost entry.
    pub(super) entry: Cell<EntryId>,
    /// The task in which the innermost entry without an `EntryOwner` was entered, such as a scope; none
    /// if there is no such entry.
    pub(super) owner: Cell<TaskId>,
    /// The other parts of the current context.
    extra: Cell<Option<Box<Extra>>>,
    pub(super) heap: ThreadHeap,
    pub(super) scopes: Cell<usize>,
    pub(super) init_stack: InitStack,
    pub(super) running_drops: RunningDrops,
    pub(super) attachments: Attachments,
    pub(super) phase: Cell<Phase>,
}

thread_local! {
    // The state has no destructor, so that it can be used in the destructors of other thread-locals.
    static STATE: ManuallyDrop<ThreadState> = const {
        ManuallyDrop::new(ThreadState {
            map: Cell::new(Map::EMPTY),
            entry: Cell::new(EntryId::ROOT),
            owner: Cell::new(TaskId::NONE),
            extra: Cell::new(None),
            heap: ThreadHeap::new(),
            scopes: Cell::new(0),
            init_stack: InitStack::new(),
            running_drops: RunningDrops::new(),
            attachments: Attachments::new(),
            phase: Cell::new(Phase::Fresh),
        })
    };
}

/// Returns the state of this thread.
///
/// This returns a reference, because the compiler tends not to inline the closures of `LocalKey::with`.
#[inline]
pub(super) fn thread_state<'a>() -> &'a ThreadState {
    // SAFETY: The state has no destructor, so it lives as long as its thread. The reference does
    // not leave the thread, because `ThreadState` is not `Sync`, and stays on the stacks of `raw`.
    STATE.with(|state| unsafe { &*ptr::from_ref::<ThreadState>(state) })
}

impl ThreadState {
    /// Returns the id of a new entry whose owner the thread keeps: an odd number.
    #[inline]
    pub(super) fn next_scope(&self) -> EntryId {
        let id = self.scopes.get().wrapping_add(2) | 1;
        self.scopes.set(id);
        EntryId::of_scope(id)
    }

    /// Returns the task in which the current context was entered; none in the thread's root.
    #[inline]
    pub(super) fn current_owner(&self) -> TaskId {
        let mut entry = self.entry.get();
        if entry == EntryId::DEFERRED {
            entry = self.attachments.deferred_entry().unwrap_or(entry);
        }
        match entry.owner() {
            // SAFETY: The entry has not ended, since it is the current one, or the deferred one in its
            // place. Until it ends its owner neither moves nor is dropped, as `enter` requires.
            Some(owner) => unsafe { &*owner }.task(),
            None => self.owner.get(),
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.entry.get() == EntryId::ROOT
    }

    /// # Safety
    ///
    /// The reference is gone before anything is called that may enter, leave or change a context.
    #[inline]
    pub(super) unsafe fn map(&self) -> &Map {
        // SAFETY: Only this thread has the state, and nothing writes it while the caller reads.
        unsafe { &*self.map.as_ptr() }
    }

    /// # Safety
    ///
    /// The reference is gone before anything is called that may enter, leave or change a context.
    #[inline]
    pub(super) unsafe fn extra(&self) -> Option<&Extra> {
        // SAFETY: Only this thread has the state, and nothing writes it while the caller reads.
        unsafe { &*self.extra.as_ptr() }.as_deref()
    }

    /// Returns the address of the variable's value, to which the current context has a reference.
    #[inline]
    pub(super) fn read(&self, id: VarId) -> Option<ValuePtr> {
        // SAFETY: The reference is gone with the expression, which only reads.
        match unsafe { self.map() }.inline(id) {
            Some(slot) => slot,
            None => self.read_spilled(id),
        }
    }

    #[cold]
    fn read_spilled(&self, id: VarId) -> Option<ValuePtr> {
        // SAFETY: The references are gone with the function, which only reads.
        let (map, extra) = unsafe { (self.map(), self.extra()) };
        if id.is_local() {
            extra?.local().get_ptr(id)
        } else {
            map.get_ptr(id)
        }
    }

    /// Makes `context` current and returns the previous one.
    #[inline]
    pub(super) fn swap(&self, context: RawContext) -> RawContext {
        let (map, extra) = context.into_parts();
        RawContext::from_parts(self.map.replace(map), self.extra.replace(extra))
    }

    /// Changes the current context. `change` returns the replaced values instead of dropping them.
    ///
    /// An empty context is entered meanwhile, because `change` may allocate and an allocator may read,
    /// set and attach. Values that the allocator leaves there are dropped with the entry.
    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut RawContext, &Pool) -> R) -> R {
        let mut scope = self.enter_as(self.current_owner(), RawContext::EMPTY);
        let mut context = scope.previous.replace_context(RawContext::EMPTY);
        let result = change(&mut context, &self.heap.pool);
        mem::forget(scope.previous.replace_context(context));
        drop(self.leave_scope(scope));
        result
    }

    /// Returns the id of the current context if it has one.
    #[inline]
    pub(super) fn context_id(&self) -> Option<ContextId> {
        // SAFETY: The reference is gone with the expression, which only reads.
        unsafe { self.extra() }.and_then(Extra::id)
    }

    /// Returns the id of the current context, after assigning one if it has none.
    pub(super) fn context_id_or_assign(&self) -> ContextId {
        self.change(|context, _| context.id_or_assign())
    }

    /// Sets the variable in the current context and returns a reference to the previous value.
    ///
    /// The reference may be released on another thread, so active reads take separate references first.
    #[inline]
    pub(super) fn set(&self, key: &'static Key, value: Option<Value>) -> Option<Value> {
        self.heap.retain_active_reads();
        // SAFETY: Only this thread has the state, and `try_set` runs nothing that uses it.
        match unsafe { self.map().try_set(key.id(), value) } {
            // SAFETY: Nothing has changed since.
            Ok(replaced) => unsafe { replaced.retain() },
            Err(value) => self.set_slow(key, value),
        }
    }

    /// Sets the variable in the current context, and drops the previous value afterwards.
    pub(super) fn set_and_drop(&self, key: &'static Key, value: Value) {
        // SAFETY: As in `set`.
        match unsafe { self.map().try_set(key.id(), Some(value)) } {
            Ok(replaced) => drop(replaced.owned()),
            Err(value) => drop(self.set_slow(key, value)),
        }
    }

    #[inline(never)]
    fn set_slow(&self, key: &'static Key, value: Option<Value>) -> Option<Value> {
        let id = key.id_for_set();
        self.change(|context, pool| context.set(pool, id, value))
    }

    /// Empties the thread's root and returns its content, if the root is current.
    pub(super) fn take_root(&self) -> Option<RawContext> {
        self.heap.retain_active_reads();
        self.is_root().then(|| self.swap(RawContext::EMPTY))
    }
}
