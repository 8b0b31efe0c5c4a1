//! What identifies an entry of a thread, and what is around it.

use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ptr;

use crate::raw::context::{Extra, RawContext};
use crate::raw::map::Map;
use crate::raw::task_id::TaskId;

/// Tells the entries of a thread apart, to see that they end in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryId(usize);

impl EntryId {
    /// No context is entered.
    pub(super) const ROOT: Self = Self(0);
    /// The id of no entry: even, and no aligned address.
    pub(super) const NONE: Self = Self(usize::MAX - 1);
    /// Replaces the entry of a frame that has to settle what is attached when it ends; as `NONE`.
    pub(super) const DEFERRED: Self = Self(usize::MAX - 3);

    /// Returns the id of an entry of the context that has its home here: the address, which is even.
    /// No other entered context has it, because the home is borrowed or, in a scope, holds the work
    /// that is being dropped as long as the context is entered.
    #[inline]
    pub(super) fn of_home(home: &RawContext) -> Self {
        Self(ptr::from_ref(home).addr())
    }

    /// Returns the id of the entry that `description` describes: its address, which stays the same as
    /// long as the entry does.
    #[inline]
    pub(super) fn of_description<T>(description: &T) -> Self {
        Self(ptr::from_ref(description).addr())
    }

    /// Returns the id of the scope with this number, which is odd.
    #[inline]
    pub(super) fn of_scope(number: usize) -> Self {
        Self(number)
    }
}

/// The context around the current one, with the function that entered or what describes the entry.
///
/// It has no destructor: only `ThreadState::leave` and `ThreadState::end_scope` use it up.
pub(super) struct Previous {
    pub(super) map: ManuallyDrop<Map>,
    /// The entry around the one that this belongs to.
    pub(super) entry: EntryId,
    pub(super) extra: ManuallyDrop<Option<Box<Extra>>>,
    /// The task in which it was entered.
    pub(super) owner: TaskId,
    /// It belongs to the state of this thread.
    pub(super) not_send: PhantomData<*const ()>,
}

impl Previous {
    const TAKEN: Self = Self {
        map: ManuallyDrop::new(Map::EMPTY),
        entry: EntryId::NONE,
        extra: ManuallyDrop::new(None),
        owner: TaskId::NONE,
        not_send: PhantomData,
    };

    #[inline]
    pub(super) fn entry(&self) -> EntryId {
        self.entry
    }

    pub(super) fn set_entry(&mut self, entry: EntryId) {
        self.entry = entry;
    }

    /// Puts another context in the place of this one, which it returns.
    #[inline]
    pub(super) fn replace_context(&mut self, context: RawContext) -> RawContext {
        let (map, extra) = context.into_parts();
        RawContext::from_parts(
            ManuallyDrop::into_inner(mem::replace(&mut self.map, ManuallyDrop::new(map))),
            ManuallyDrop::into_inner(mem::replace(&mut self.extra, ManuallyDrop::new(extra))),
        )
    }

    /// Becomes `around`. Returns the context that this was.
    pub(super) fn replace(&mut self, around: Self) -> RawContext {
        let Self { map, extra, .. } = mem::replace(self, around);
        RawContext::from_parts(
            ManuallyDrop::into_inner(map),
            ManuallyDrop::into_inner(extra),
        )
    }

    /// Moves it out of a guard that is used up.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self::TAKEN)
    }
}

/// Like [`Previous`], but for a current context that is dropped when it is left and may borrow from
/// the previous one.
pub(super) struct BorrowedPrevious {
    pub(super) previous: Previous,
    /// The entry of the current context; none once this was taken, so that it cannot end again.
    pub(super) entry: EntryId,
}

impl BorrowedPrevious {
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        Self {
            previous: self.previous.take(),
            entry: mem::replace(&mut self.entry, EntryId::NONE),
        }
    }
}
