//! Entering contexts and leaving them.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr;

use super::entry::{BorrowedPrevious, EntryId, EntryOwner, Previous};
use super::release;
use super::state::{ThreadState, thread_state};
use crate::raw::abort::ignore_panic;
use crate::raw::context::RawContext;
use crate::raw::key::{Key, TypedKey};
use crate::raw::map::InlineSlot;
use crate::raw::task_id::TaskId;
use crate::raw::value::{TypedValue, Value};

impl ThreadState {
    /// Makes `context` current until [`leave`](Self::leave) with the same id.
    ///
    /// # Safety
    ///
    /// If `entry` is that of an [`EntryOwner`], the owner neither moves nor is dropped before the
    /// context has been left.
    #[inline]
    pub(super) unsafe fn enter(&self, entry: EntryId, context: RawContext) -> Previous {
        let entry = self.entry.replace(entry);
        let (map, extra) = self.swap(context).into_parts();
        Previous {
            map: ManuallyDrop::new(map),
            entry,
            extra: ManuallyDrop::new(extra),
            not_send: PhantomData,
        }
    }

    /// Makes a copy of the current context current until [`end_scope`](Self::end_scope).
    #[inline(always)]
    fn enter_scope(&self) -> BorrowedPrevious {
        // The task is determined before the fork begins to borrow, because tokio may allocate.
        let owner = TaskId::current();
        // SAFETY: What is borrowed from becomes a `BorrowedPrevious`, which only `end_scope` uses
        // up. `end_scope` takes the copy out of the thread's state, makes the whole previous
        // context current, and only then drops the copy. The copy is reachable through the state of
        // this thread alone. A `BorrowedPrevious` that is forgotten keeps what it has for ever.
        let fork = unsafe { self.fork_borrowed() };
        self.enter_as(owner, fork)
    }

    /// Like [`enter_scope`](Self::enter_scope), with a value set in the copy.
    #[inline(always)]
    fn enter_scope_with(&self, slot: InlineSlot, value: Value) -> BorrowedPrevious {
        let owner = TaskId::current();
        // SAFETY: As in `enter_scope`.
        let fork = unsafe { self.fork_borrowed_with(slot, value) };
        self.enter_as(owner, fork)
    }

    /// Makes `context` current for `owner`, which the thread keeps, until
    /// [`leave_scope`](Self::leave_scope).
    #[inline(always)]
    pub(super) fn enter_as(&self, owner: TaskId, context: RawContext) -> BorrowedPrevious {
        let entry = self.next_scope();
        BorrowedPrevious {
            owner: self.owner.replace(owner),
            // SAFETY: No owner has this id.
            previous: unsafe { self.enter(entry, context) },
            entry,
        }
    }

    /// Makes `previous` current again and returns the context that was current until then.
    ///
    /// The caller may drop that context on another thread, so active reads take references first.
    /// Reads that began inside the context have ended, unless a coroutine was suspended in such a
    /// read.
    #[inline(always)]
    pub(super) fn leave(&self, entry: EntryId, previous: Previous) -> RawContext {
        self.leave_and_restore(entry, previous, None)
    }

    /// Like [`leave`](Self::leave), for a context that [`enter_as`](Self::enter_as) has entered.
    #[inline(always)]
    pub(super) fn leave_scope(&self, previous: BorrowedPrevious) -> RawContext {
        self.leave_and_restore(previous.entry, previous.previous, Some(previous.owner))
    }

    /// Leaves the context. `owner` is the owner of the scope around, if a scope is left.
    #[inline(always)]
    fn leave_and_restore(
        &self,
        entry: EntryId,
        previous: Previous,
        owner: Option<TaskId>,
    ) -> RawContext {
        // Called before the entry is compared. If the comparison came right after the work, the
        // compiler would keep the entry in a register during the work instead of computing it again.
        self.heap.retain_active_reads();
        if self.entry.get() != entry {
            // A copy is passed, because `previous` itself would then be in memory wherever this is
            // inlined.
            return leave_unusually(entry, Previous { ..previous }, owner);
        }
        self.restore(previous, owner)
    }

    #[inline(always)]
    fn restore(&self, previous: Previous, owner: Option<TaskId>) -> RawContext {
        self.entry.set(previous.entry);
        if let Some(owner) = owner {
            self.owner.set(owner);
        }
        let map = ManuallyDrop::into_inner(previous.map);
        let extra = ManuallyDrop::into_inner(previous.extra);
        self.swap(RawContext::from_parts(map, extra))
    }

    /// Makes `previous` current again and then drops the context that was current until then.
    #[inline(always)]
    fn end_scope(&self, previous: BorrowedPrevious) {
        release::drop_outlined(self.leave_scope(previous));
    }
}

/// Continues `leave` after a context was attached.
#[cold]
#[inline(never)]
fn leave_unusually(entry: EntryId, mut previous: Previous, owner: Option<TaskId>) -> RawContext {
    let thread = thread_state();
    let settled = thread.settle(entry, &mut previous);
    thread.heap.retain_active_reads();
    let context = thread.restore(previous, owner);
    // A `Drop` that panics must not keep the frame from ending.
    ignore_panic(|| drop(settled));
    context
}

/// Calls `f` inside the context in `home`.
#[inline(always)]
pub(crate) fn run_in<R>(home: &mut RawContext, f: impl FnOnce() -> R) -> R {
    let owner = EntryOwner::current();
    // SAFETY: The guard is used up by `leave`, or dropped if `f` panics.
    let entered = unsafe { Entered::new(&owner, home) };
    let result = f();
    entered.leave();
    result
}

/// A context that is current until this guard is dropped, and is then moved back to its home.
pub(crate) struct Entered<'o, 'h> {
    owner: &'o EntryOwner,
    /// Still contains the words of the context, which meanwhile belong to the thread's state. The
    /// borrow lets no other code see them, and writing other words would take three instructions.
    home: &'h mut RawContext,
    previous: Previous,
}

impl<'o, 'h> Entered<'o, 'h> {
    /// Makes the context in `home` current.
    ///
    /// # Safety
    ///
    /// The guard, or the [`FinalScope`] that it becomes, is dropped before either borrow ends. So it is
    /// not forgotten.
    // Always inlined, and called after tokio was asked for the owner, because few registers are kept
    // over that call.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) unsafe fn new(owner: &'o EntryOwner, home: &'h mut RawContext) -> Self {
        // SAFETY: The reference is valid for reads. The home is not used again before another context was
        // written there. The guard, which is not forgotten, borrows the home, and everything that
        // consumes the guard writes to the home first.
        let context = unsafe { ptr::read(home) };
        // SAFETY: The guard leaves the context while it borrows the owner.
        let previous = unsafe { thread_state().enter(owner.entry(), context) };
        Self {
            owner,
            home,
            previous,
        }
    }

    /// Ends the contexts that were attached inside, and stays entered. The context is dropped when
    /// it is left.
    ///
    /// This is for work that is ready, which is dropped in its own context.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn into_scope(self) -> FinalScope<'o> {
        let mut this = ManuallyDrop::new(self);
        thread_state().end_attached_above(this.owner.entry());
        bring_home(this.home, RawContext::EMPTY);
        FinalScope {
            owner: this.owner,
            previous: this.previous.take(),
        }
    }

    /// Leaves the context after the code that ran inside has returned. This is inlined, unlike
    /// `drop`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn leave(self) {
        let mut this = ManuallyDrop::new(self);
        let previous = this.previous.take();
        let context = thread_state().leave(this.owner.entry(), previous);
        bring_home(this.home, context);
    }
}

impl Drop for Entered<'_, '_> {
    // This is a call, so that `self` need not be in memory where a poll unwinds. Otherwise each
    // poll would write it there.
    #[inline]
    fn drop(&mut self) {
        leave_outlined(self.owner, self.home, self.previous.take());
    }
}

#[inline(never)]
fn leave_outlined(owner: &EntryOwner, home: &mut RawContext, previous: Previous) {
    bring_home(home, thread_state().leave(owner.entry(), previous));
}

/// Writes a context to a home whose own context was entered.
#[inline(always)]
fn bring_home(home: &mut RawContext, context: RawContext) {
    // SAFETY: The reference is valid for writes. The overwritten words need no drop, because their context
    // was moved to the thread's state when it was entered.
    unsafe { ptr::write(home, context) };
}

/// The context of work that has ended. It is current until this guard is dropped, and is then
/// dropped.
pub(crate) struct FinalScope<'a> {
    owner: &'a EntryOwner,
    previous: Previous,
}

impl<'a> FinalScope<'a> {
    /// Makes `context` current.
    ///
    /// # Safety
    ///
    /// The scope is dropped before the borrow ends. So it is not forgotten.
    #[inline]
    pub(crate) unsafe fn new(owner: &'a EntryOwner, context: RawContext) -> Self {
        // SAFETY: The scope leaves the context while it borrows the owner.
        let previous = unsafe { thread_state().enter(owner.entry(), context) };
        Self { owner, previous }
    }
}

impl FinalScope<'_> {
    /// Leaves the context and returns it, for other work.
    #[cfg(feature = "http")]
    #[inline]
    pub(crate) fn leave(self) -> RawContext {
        let mut this = ManuallyDrop::new(self);
        let previous = this.previous.take();
        thread_state().leave(this.owner.entry(), previous)
    }
}

impl Drop for FinalScope<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The reference is valid for reads, and what it refers to is not used again, since this
        // is its drop. `take` would write three words there.
        let previous = unsafe { ptr::read(&self.previous) };
        let context = thread_state().leave(self.owner.entry(), previous);
        release::drop_outlined(context);
    }
}

/// A context that is current until this guard is dropped, and is then dropped.
///
/// [`enter`](Self::enter) creates it as a copy of the current one, for functions that are not
/// async: it must not be kept over an `.await`. Generated code holds it under a name that user code
/// cannot write.
#[allow(missing_debug_implementations)] // only generated code reaches it
#[must_use = "the scope ends when this is dropped"]
pub struct SyncScope(pub(super) BorrowedPrevious);

impl SyncScope {
    /// Enters a copy of the current context.
    ///
    /// # Cost
    ///
    /// One node from the thread's free list, whatever the number of variables.
    // This is a call, like `drop`, because inlined they would add 300 bytes to each annotated
    // function. While a body that may panic runs, the previous context is in memory anyway, so that
    // unwinding can drop it.
    #[inline(never)]
    pub fn enter() -> Self {
        Self(thread_state().enter_scope())
    }

    /// Enters a copy of the current context in which the variable is set to `value`.
    #[inline(always)]
    pub(crate) fn enter_with<T: Send + Sync>(key: &'static TypedKey<T>, value: T) -> Self {
        let thread = thread_state();
        let value = TypedValue::new(&thread.heap.pool, key, value).into_untyped();
        match InlineSlot::of(key.untyped().id()) {
            Some(slot) => Self(thread.enter_scope_with(slot, value)),
            None => Self::enter_and_set(key.untyped(), value),
        }
    }

    /// Enters `context`, which is dropped when the scope ends.
    #[inline]
    pub(crate) fn of(context: RawContext) -> Self {
        let owner = TaskId::current();
        Self(thread_state().enter_as(owner, context))
    }

    /// Enters a scope and then sets a value that has no inline slot. Setting the value may allocate,
    /// and once the scope is entered no code can reach the context from which the scope borrows.
    #[cold]
    fn enter_and_set(key: &'static Key, value: Value) -> Self {
        let scope = Self::enter();
        thread_state().set_and_drop(key, value);
        scope
    }

    #[cold]
    #[inline(never)]
    fn end_unusually(&mut self) {
        thread_state().end_scope(self.0.take());
    }

    /// Calls `f` inside the scope, and then leaves the scope.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let scope = ExitOnUnwind(ManuallyDrop::new(self).0.take());
        let result = f();
        thread_state().end_scope(ManuallyDrop::new(scope).0.take());
        result
    }
}

impl Drop for SyncScope {
    // Values are dropped last, when the previous context is current again, because their `Drop` may
    // change that context.
    #[inline(never)]
    fn drop(&mut self) {
        let thread = thread_state();
        // Checked before anything is read from `self`, so that no register has to be kept over a call.
        if thread.heap.has_active_reads() || thread.entry.get() != self.0.entry {
            return self.end_unusually();
        }
        // SAFETY: The reference is valid for reads, and what it refers to is not used again, since this
        // is its drop. `take` would write five words there.
        let BorrowedPrevious {
            previous, owner, ..
        } = unsafe { ptr::read(&self.0) };
        release::drop_outlined(thread.restore(previous, Some(owner)));
    }
}

/// A scope that is dropped only if the code inside panics; see `Drop` of `Entered`.
struct ExitOnUnwind(BorrowedPrevious);

impl Drop for ExitOnUnwind {
    #[inline]
    fn drop(&mut self) {
        exit_outlined(self.0.take());
    }
}

#[inline(never)]
fn exit_outlined(previous: BorrowedPrevious) {
    thread_state().end_scope(previous);
}
