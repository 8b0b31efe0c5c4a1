//! The ids of a thread's entries, and the contexts around the current one.

use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop, MaybeUninit};
use core::ptr;

use crate::raw::context::{Extra, RawContext};
use crate::raw::map::Map;
use crate::raw::task_id::TaskId;

/// The id of an entry of a thread, by which the thread checks that entries end in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryId(*const EntryOwner);

/// The task in which a context was entered. Its address identifies the entry.
///
/// It is stored on the stack of the function that enters, or in the object that describes the
/// entry. In the thread's state it would have to be saved and restored.
// The address is a multiple of four even on targets such as m68k, where no integer has that
// alignment.
#[repr(align(4))]
pub(crate) struct EntryOwner {
    task: TaskId,
    /// Ensures that each owner has a distinct address, even without the feature `tokio`, when a task id
    /// takes no memory.
    _place: MaybeUninit<u8>,
}

impl EntryId {
    /// The id of the root, in which no context is entered.
    pub(super) const ROOT: Self = Self::without_owner(2);
    /// The id of no entry.
    pub(super) const NONE: Self = Self::without_owner(6);
    /// Replaces the id of a frame that has to call `settle` when it ends.
    pub(super) const DEFERRED: Self = Self::without_owner(10);

    /// Returns the id of the scope with this number, which is odd.
    #[inline]
    pub(super) const fn of_scope(number: usize) -> Self {
        Self::without_owner(number)
    }

    /// Creates an id that is not a multiple of four, and therefore not the address of an
    /// [`EntryOwner`].
    #[inline]
    const fn without_owner(id: usize) -> Self {
        Self(ptr::without_provenance(id))
    }

    /// Returns the address of the entry's owner, or `None` if the thread keeps the owner, as it does
    /// for a scope.
    #[inline]
    pub(super) fn owner(self) -> Option<*const EntryOwner> {
        (self.0.addr() % 4 == 0).then_some(self.0)
    }
}

impl EntryOwner {
    /// Creates an owner for the task that runs now.
    #[inline]
    pub(crate) fn current() -> Self {
        Self::of(TaskId::current())
    }

    /// Creates an owner for the task on whose behalf the code on this thread runs.
    #[inline]
    pub(super) fn acting() -> Self {
        Self::of(TaskId::acting())
    }

    #[inline]
    fn of(task: TaskId) -> Self {
        Self {
            task,
            _place: MaybeUninit::uninit(),
        }
    }

    #[inline]
    pub(super) fn task(&self) -> TaskId {
        self.task
    }

    /// Returns the id of the entry to which this owner belongs.
    #[inline]
    pub(super) fn entry(&self) -> EntryId {
        EntryId(ptr::from_ref(self))
    }
}

/// The context around the current one. It is kept by the function that entered the current context,
/// or by the object that describes the entry.
///
/// It has no destructor: only `ThreadState::leave` and `ThreadState::end_scope` use it up.
pub(super) struct Previous {
    pub(super) map: ManuallyDrop<Map>,
    /// The entry around the one that this belongs to.
    pub(super) entry: EntryId,
    pub(super) extra: ManuallyDrop<Option<Box<Extra>>>,
    /// Prevents `Send`, because a `Previous` belongs to the state of this thread.
    pub(super) not_send: PhantomData<*const ()>,
}

impl Previous {
    const TAKEN: Self = Self {
        map: ManuallyDrop::new(Map::EMPTY),
        entry: EntryId::NONE,
        extra: ManuallyDrop::new(None),
        not_send: PhantomData,
    };

    #[inline]
    pub(super) fn entry(&self) -> EntryId {
        self.entry
    }

    pub(super) fn set_entry(&mut self, entry: EntryId) {
        self.entry = entry;
    }

    /// Replaces the context and returns the previous one.
    #[inline]
    pub(super) fn replace_context(&mut self, context: RawContext) -> RawContext {
        let (map, extra) = context.into_parts();
        RawContext::from_parts(
            ManuallyDrop::into_inner(mem::replace(&mut self.map, ManuallyDrop::new(map))),
            ManuallyDrop::into_inner(mem::replace(&mut self.extra, ManuallyDrop::new(extra))),
        )
    }

    /// Replaces `self` by `around`, and returns the context that `self` held.
    pub(super) fn replace(&mut self, around: Self) -> RawContext {
        let Self { map, extra, .. } = mem::replace(self, around);
        RawContext::from_parts(
            ManuallyDrop::into_inner(map),
            ManuallyDrop::into_inner(extra),
        )
    }

    /// Moves the content out of a guard that is consumed.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self::TAKEN)
    }
}

/// Like [`Previous`], but for an entry whose owner the thread keeps. The current context may borrow from
/// the previous one.
pub(super) struct BorrowedPrevious {
    pub(super) previous: Previous,
    /// The entry of the current context; `EntryId::NONE` once this was taken, so that the entry
    /// cannot end again.
    pub(super) entry: EntryId,
    /// The owner of the scope around the current one.
    pub(super) owner: TaskId,
}

impl BorrowedPrevious {
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        Self {
            previous: self.previous.take(),
            entry: mem::replace(&mut self.entry, EntryId::NONE),
            owner: self.owner,
        }
    }
}
