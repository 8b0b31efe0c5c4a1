//! Contexts become current, and are left again.

use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::task::Poll;

use super::entry::{BorrowedPrevious, EntryId, Previous};
use super::release;
use super::state::{ThreadState, thread_state};
use crate::raw::abort::ignore_panic;
use crate::raw::context::RawContext;
use crate::raw::key::{Key, TypedKey};
use crate::raw::map::InlineSlot;
use crate::raw::task_id::TaskId;
use crate::raw::value::{TypedValue, Value};

impl ThreadState {
    /// Makes `context` current for `owner` until [`leave`](Self::leave) with the same id.
    #[inline]
    pub(super) fn enter(&self, owner: TaskId, entry: EntryId, context: RawContext) -> Previous {
        let owner = self.owner.replace(owner);
        let entry = self.entry.replace(entry);
        let (map, extra) = self.swap(context).into_parts();
        Previous {
            map: ManuallyDrop::new(map),
            entry,
            extra: ManuallyDrop::new(extra),
            owner,
            not_send: PhantomData,
        }
    }

    /// Makes a copy of the current context current until [`end_scope`](Self::end_scope).
    #[inline(always)]
    fn enter_scope(&self) -> BorrowedPrevious {
        // Asked before the fork begins to borrow, because tokio may allocate.
        let owner = TaskId::current();
        // SAFETY: What is borrowed from becomes a `BorrowedPrevious`, which only `end_scope` uses
        // up. That takes the copy out of the thread's state, makes the previous context current
        // whole, and only drops the copy from then on. The copy is reachable through the state of
        // this thread alone. A `BorrowedPrevious` that is forgotten keeps what it has for ever.
        let fork = unsafe { self.fork_borrowed() };
        self.enter_fork(owner, fork)
    }

    /// Like [`enter_scope`](Self::enter_scope), with a value set in the copy.
    #[inline(always)]
    fn enter_scope_with(&self, slot: InlineSlot, value: Value) -> BorrowedPrevious {
        let owner = TaskId::current();
        // SAFETY: As in `enter_scope`.
        let fork = unsafe { self.fork_borrowed_with(slot, value) };
        self.enter_fork(owner, fork)
    }

    #[inline(always)]
    fn enter_fork(&self, owner: TaskId, fork: RawContext) -> BorrowedPrevious {
        let entry = self.next_scope();
        let previous = self.enter(owner, entry, fork);
        BorrowedPrevious { previous, entry }
    }

    /// Makes `previous` current again and returns the context that was.
    ///
    /// Its owner may drop that context on another thread, so active reads get references first. Those
    /// that began inside have ended, unless a coroutine was suspended in one.
    #[inline(always)]
    pub(super) fn leave(&self, entry: EntryId, previous: Previous) -> RawContext {
        if self.entry.get() != entry {
            // Not `previous` itself, which would then be in memory wherever this is inlined.
            return leave_unusually(entry, Previous { ..previous });
        }
        self.restore(previous)
    }

    #[inline(always)]
    fn restore(&self, previous: Previous) -> RawContext {
        self.heap.retain_active_reads();
        self.entry.set(previous.entry);
        self.owner.set(previous.owner);
        let map = ManuallyDrop::into_inner(previous.map);
        let extra = ManuallyDrop::into_inner(previous.extra);
        self.swap(RawContext::from_parts(map, extra))
    }

    /// Makes `previous` current again and drops the context that was, in the previous one.
    #[inline(always)]
    fn end_scope(&self, previous: BorrowedPrevious) {
        release::drop_outlined(self.leave(previous.entry, previous.previous));
    }
}

/// Goes on with `leave` after something was attached.
#[cold]
#[inline(never)]
fn leave_unusually(entry: EntryId, mut previous: Previous) -> RawContext {
    let thread = thread_state();
    let settled = thread.settle(entry, &mut previous);
    let context = thread.restore(previous);
    // A `Drop` that panics must not keep the frame from ending.
    ignore_panic(|| drop(settled));
    context
}

/// A context that is current until this is dropped, and is then in its home again.
pub(crate) struct Entered<'a> {
    /// Empty while the context is current.
    home: &'a mut RawContext,
    previous: Previous,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(home: &'a mut RawContext) -> Self {
        // Asked first, while few registers have to be kept over the call.
        let owner = TaskId::current();
        let previous = thread_state().enter(owner, EntryId::of_home(home), home.take());
        Self { home, previous }
    }
}

impl Entered<'_> {
    /// Polls inside, and leaves the context unless the result is ready. Then the context stays entered
    /// until the scope that is returned ends, and is dropped with it.
    #[inline(always)]
    pub(crate) fn poll<T>(self, f: impl FnOnce() -> Poll<T>) -> Poll<(T, SyncScope)> {
        match f() {
            Poll::Pending => {
                self.leave();
                Poll::Pending
            }
            Poll::Ready(output) => {
                // So that the work is dropped in its own context.
                thread_state().end_attached_above(EntryId::of_home(self.home));
                Poll::Ready((output, self.into_scope()))
            }
        }
    }

    /// Stays entered, but drops the context when it is left.
    #[inline]
    pub(crate) fn into_scope(self) -> SyncScope {
        let mut this = ManuallyDrop::new(self);
        SyncScope(BorrowedPrevious {
            entry: EntryId::of_home(this.home),
            previous: this.previous.take(),
        })
    }

    /// Calls `f` inside, and leaves the context.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let result = f();
        self.leave();
        result
    }

    /// Leaves the context after the step that ran inside has returned, without a call.
    #[inline(always)]
    fn leave(self) {
        let mut this = ManuallyDrop::new(self);
        let previous = this.previous.take();
        let entry = EntryId::of_home(this.home);
        bring_home(this.home, thread_state().leave(entry, previous));
    }
}

impl Drop for Entered<'_> {
    // A call, so that where a poll unwinds nothing needs `self` in memory: it would be written
    // there at each poll.
    #[inline]
    fn drop(&mut self) {
        leave_outlined(self.home, self.previous.take());
    }
}

#[inline(never)]
fn leave_outlined(home: &mut RawContext, previous: Previous) {
    let context = thread_state().leave(EntryId::of_home(home), previous);
    bring_home(home, context);
}

#[inline(always)]
fn bring_home(home: &mut RawContext, context: RawContext) {
    // The empty context that was there holds nothing that would have to be dropped.
    mem::forget(mem::replace(home, context));
}

/// A context that is current until this is dropped, and is dropped then.
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
    // Always inlined, like `drop`, so that the previous context stays in registers.
    #[inline(always)]
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

    /// Sets a value that has no inline slot, when the scope has been entered: that may allocate, and
    /// by then no code can reach what the scope borrows from.
    #[cold]
    fn enter_and_set(key: &'static Key, value: Value) -> Self {
        let scope = Self::enter();
        thread_state().set_and_drop(key, value);
        scope
    }

    /// Calls `f` inside, and leaves the scope.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let scope = ExitOnUnwind(ManuallyDrop::new(self).0.take());
        let result = f();
        thread_state().end_scope(ManuallyDrop::new(scope).0.take());
        result
    }
}

impl Drop for SyncScope {
    // Values are dropped last, in the previous context: their `Drop` may do anything, also to that.
    #[inline(always)]
    fn drop(&mut self) {
        thread_state().end_scope(self.0.take());
    }
}

/// A scope that is dropped only if what runs inside panics; see `Drop` of `Entered`.
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
