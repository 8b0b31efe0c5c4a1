//! Copies of the current context.

use super::state::{ThreadState, thread_state};
use crate::raw::context::{Extra, RawContext};
use crate::raw::key::Key;
use crate::raw::map::{InlineSlot, Map};
use crate::raw::value::Value;

/// A variable and its value, set in a copy that is about to be created.
type FirstValue = Option<(&'static Key, Value)>;

impl ThreadState {
    /// Creates a copy for a scope that ends before the current context changes: it borrows what it
    /// finds, so that it costs the same however many variables are set.
    ///
    /// # Safety
    ///
    /// Until the copy is dropped, the context that is current now is neither changed nor dropped,
    /// and the copy stays on this thread. Dropping it touches only what it owns.
    #[inline(never)]
    pub(super) unsafe fn fork_borrowed(&self) -> RawContext {
        // SAFETY: The requirements are the same.
        unsafe { self.fork_borrowed_inline(None) }
    }

    /// Like [`fork_borrowed`](Self::fork_borrowed), with a value set in the copy.
    ///
    /// # Safety
    ///
    /// Those of `fork_borrowed`.
    // A function of its own, because a scope of one variable is the most frequent.
    #[inline(never)]
    pub(super) unsafe fn fork_borrowed_with(&self, key: &'static Key, value: Value) -> RawContext {
        // SAFETY: The requirements are the same.
        unsafe { self.fork_borrowed_inline(Some((key, value))) }
    }

    #[inline(always)]
    unsafe fn fork_borrowed_inline(&self, first: FirstValue) -> RawContext {
        // SAFETY: The requirements of the callers are those of `try_fork_borrowed`.
        match unsafe { self.try_fork_borrowed(first) } {
            Ok(fork) => RawContext::from_parts(fork, None),
            Err(first) => self.copy_slow(first),
        }
    }

    /// Creates a borrowed fork with `first` set in it, unless memory for it would have to be
    /// allocated after it began to borrow.
    ///
    /// # Safety
    ///
    /// As for `fork_borrowed`, until the fork is dropped or owns what it borrowed.
    #[inline(always)]
    unsafe fn try_fork_borrowed(&self, first: FirstValue) -> Result<Map, FirstValue> {
        let slot = match &first {
            Some((key, _)) => match InlineSlot::of(key.id()) {
                None => return Err(first),
                slot => slot,
            },
            None => None,
        };
        // SAFETY: The reference is gone with the expression, which only reads.
        if unsafe { self.extra() }.is_some_and(Extra::has_local) {
            return Err(first);
        }
        // Before the fork begins to borrow: where free lists are switched off, this allocates.
        let Some(memory) = self.heap.pool.nodes.pop() else {
            return Err(first);
        };
        // SAFETY: The caller keeps the current context unchanged, and nothing else is called while
        // the reference exists.
        let mut fork = unsafe { self.map().fork_borrowed(memory) };
        if let (Some(slot), Some((_, value))) = (slot, first) {
            fork.set_first(slot, value);
        }
        Ok(fork)
    }

    /// Copies the current context and sets `first` in the copy. The copy owns references to all
    /// values, because what is called here may allocate, and an allocator may set variables.
    #[cold]
    fn copy_slow(&self, first: FirstValue) -> RawContext {
        self.make_live();
        // SAFETY: The references are gone with the statement, which only counts references.
        let (map, local) =
            unsafe { (self.map().clone(), self.extra().and_then(Extra::copy_local)) };
        let mut copy = RawContext::with_local(map, local);
        if let Some((key, value)) = first {
            drop(copy.set(&self.heap.pool, key.id_for_set(), Some(value)));
        }
        copy
    }
}

/// Copies what work inherits: all but the `#[no_inherit]` values.
#[inline]
pub(crate) fn snapshot() -> RawContext {
    // SAFETY: The reference is gone with the expression, which only counts references.
    let map = unsafe { thread_state().map() }.clone();
    RawContext::from_parts(map, None)
}

/// Returns whether the current context is the thread's own, which no code entered.
#[inline]
pub(crate) fn is_root() -> bool {
    thread_state().is_root()
}

/// Copies the current context, `#[no_inherit]` values included.
#[inline]
pub(crate) fn copy() -> RawContext {
    let thread = thread_state();
    // SAFETY: The references are gone with the statement, which only counts references.
    let (map, local) = unsafe {
        (
            thread.map().clone(),
            thread.extra().and_then(Extra::copy_local),
        )
    };
    RawContext::with_local(map, local)
}

/// Copies the current context and sets a value in the copy.
pub(crate) fn copy_with(value: Value) -> RawContext {
    let thread = thread_state();
    // SAFETY: Until the fork owns what it borrows, nothing else is called.
    match unsafe { thread.try_fork_borrowed(Some((value.key(), value))) } {
        Ok(fork) => {
            // SAFETY: The reference is gone with the statement, which only counts references.
            fork.own_all_of(unsafe { thread.map() });
            RawContext::from_parts(fork, None)
        }
        Err(first) => thread.copy_slow(first),
    }
}

/// Removes from `context` the `#[no_inherit]` values that it has from the current one.
pub(crate) fn remove_locals(context: &mut RawContext) {
    let origin = copy();
    if !origin.is_plain() {
        context.remove_locals_of(&thread_state().heap.pool, &origin);
    }
}

/// Moves into `context` the `#[no_inherit]` values of the current one for which it has none.
pub(crate) fn adopt_locals(context: &mut RawContext) {
    let origin = copy();
    if !origin.is_plain() {
        context.adopt_locals_of(&thread_state().heap.pool, origin);
    }
}
