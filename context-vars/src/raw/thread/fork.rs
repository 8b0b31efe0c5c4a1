//! Copies of the current context.

use super::state::{ThreadState, thread_state};
use crate::raw::context::{Extra, RawContext};
use crate::raw::map::{InlineSlot, Map};
use crate::raw::value::Value;

impl ThreadState {
    /// Creates a copy for a scope that ends before the current context changes. The copy borrows
    /// its values, so its cost does not depend on the number of variables that are set.
    ///
    /// # Safety
    ///
    /// Until the copy is dropped, the context that is current now is neither changed nor dropped,
    /// and the copy stays on this thread. Dropping it touches only what it owns.
    #[inline]
    pub(super) unsafe fn fork_borrowed(&self) -> RawContext {
        // SAFETY: The requirements are the same.
        unsafe {
            match self.try_fork_borrowed() {
                Some(fork) => RawContext::from_parts(fork, None),
                None => self.fork_borrowed_slow(),
            }
        }
    }

    /// Like [`fork_borrowed`](Self::fork_borrowed), with a value set in the copy.
    ///
    /// # Safety
    ///
    /// The same as for `fork_borrowed`.
    // This is a separate function, because scopes of one variable are the most frequent.
    #[inline(never)]
    pub(super) unsafe fn fork_borrowed_with(&self, slot: InlineSlot, value: Value) -> RawContext {
        // SAFETY: The requirements are the same.
        match unsafe { self.try_fork_borrowed() } {
            Some(mut fork) => {
                fork.set_first(slot, value);
                RawContext::from_parts(fork, None)
            }
            // SAFETY: The requirements are the same.
            None => unsafe { self.fork_borrowed_with_slow(slot, value) },
        }
    }

    /// Creates a borrowed fork of the inheritable values, if the context has no other values and
    /// the thread keeps a free block for the node.
    ///
    /// # Safety
    ///
    /// The same as for `fork_borrowed`, until the fork is dropped or owns what it borrowed.
    #[inline(always)]
    unsafe fn try_fork_borrowed(&self) -> Option<Map> {
        // SAFETY: The reference is gone with the expression, which only reads.
        if unsafe { self.extra() }.is_some_and(Extra::has_local) {
            return None;
        }
        // Called before the fork begins to borrow, because this allocates if free lists are
        // switched off.
        let memory = self.heap.pool.nodes.pop()?;
        // SAFETY: The caller keeps the current context unchanged, and nothing else is called while
        // the reference exists.
        Some(unsafe { self.map().fork_borrowed(memory) })
    }

    /// Allocates everything before the copy begins to borrow, because an allocator may set
    /// variables.
    ///
    /// # Safety
    ///
    /// The same as for `fork_borrowed`.
    #[cold]
    unsafe fn fork_borrowed_slow(&self) -> RawContext {
        self.make_live();
        let memory = self.heap.pool.nodes.alloc();
        // SAFETY: The reference is gone with the statement, which only counts references.
        let local = unsafe { self.extra() }.and_then(Extra::copy_local);
        let extra = Extra::with_local(local);
        // SAFETY: The caller keeps the current context unchanged, and nothing else is called while
        // the reference exists.
        let map = unsafe { self.map().fork_borrowed(memory) };
        RawContext::from_parts(map, extra)
    }

    /// # Safety
    ///
    /// The same as for `fork_borrowed`.
    #[cold]
    unsafe fn fork_borrowed_with_slow(&self, slot: InlineSlot, value: Value) -> RawContext {
        // SAFETY: The requirements are the same.
        let (mut map, extra) = unsafe { self.fork_borrowed_slow() }.into_parts();
        map.set_first(slot, value);
        RawContext::from_parts(map, extra)
    }

    /// Takes references for the current context to everything that it borrows.
    pub(super) fn own_current(&self) {
        // SAFETY: The reference is gone with the expression, which only counts references.
        drop(unsafe { self.map() }.clone());
    }

    /// Copies the current context. The copy owns references to all values.
    fn copy(&self) -> RawContext {
        // SAFETY: The references are gone with the statement, which only counts references.
        let (map, local) =
            unsafe { (self.map().clone(), self.extra().and_then(Extra::copy_local)) };
        RawContext::from_parts(map, Extra::with_local(local))
    }
}

/// Copies what work inherits: all but the `#[no_inherit]` values.
#[inline]
pub(crate) fn snapshot() -> RawContext {
    // SAFETY: The reference is gone with the expression, which only counts references.
    let map = unsafe { thread_state().map() }.clone();
    RawContext::from_parts(map, None)
}

/// Returns `true` if the current context is the root of the thread, which no code entered.
#[inline]
pub(crate) fn is_root() -> bool {
    thread_state().is_root()
}

/// Copies the current context, `#[no_inherit]` values included.
#[inline]
pub(crate) fn copy() -> RawContext {
    thread_state().copy()
}

/// Copies the current context for a scope whose values are created next. Before that the thread starts to
/// keep free blocks, because a thread that only enters such scopes needs them, too.
pub(crate) fn copy_for_scope() -> RawContext {
    let thread = thread_state();
    thread.make_live();
    thread.copy()
}

/// Copies the current context and sets a value in the copy.
pub(crate) fn copy_with(value: Value) -> RawContext {
    let thread = thread_state();
    if let Some(slot) = InlineSlot::of(value.key().id()) {
        // SAFETY: Until the fork owns what it borrows, nothing else is called.
        if let Some(mut fork) = unsafe { thread.try_fork_borrowed() } {
            fork.set_first(slot, value);
            // SAFETY: The reference is gone with the statement, which only counts references.
            fork.own_all_of(unsafe { thread.map() });
            return RawContext::from_parts(fork, None);
        }
    }
    thread.make_live();
    let mut copy = thread.copy();
    let id = value.key().id_for_set();
    drop(copy.set(&thread.heap.pool, id, Some(value)));
    copy
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
