//! Contexts become current, and are left again.

use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};

use super::release;
use super::state::{ThreadState, thread_state};
use crate::raw::abort::abort_out_of_order;
use crate::raw::context::{Extra, RawContext};
use crate::raw::key::{Key, TypedKey};
use crate::raw::map::Map;
use crate::raw::value::{TypedValue, Value};

/// Returns whether the current context is the thread's own.
#[cfg(feature = "tokio")]
pub(crate) fn is_root() -> bool {
    thread_state().is_root()
}

/// The context around the current one, on the stack of the function that entered.
///
/// It has no destructor: only [`ThreadState::leave`] and [`ThreadState::end_scope`] use it up.
pub(super) struct Previous {
    map: ManuallyDrop<Map>,
    /// The number of contexts that were entered then, the entered one included.
    depth: usize,
    extra: ManuallyDrop<Option<Box<Extra>>>,
    /// It belongs to the state of this thread.
    not_send: PhantomData<*const ()>,
}

impl Previous {
    const TAKEN: Self = Self {
        map: ManuallyDrop::new(Map::EMPTY),
        // No thread enters so many contexts, so what was taken cannot be left again.
        depth: usize::MAX,
        extra: ManuallyDrop::new(None),
        not_send: PhantomData,
    };

    /// Moves it out of a guard that is used up.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self::TAKEN)
    }

    /// Moves it out for a context that is dropped when it is left.
    #[inline(always)]
    fn take_for_scope(&mut self) -> BorrowedPrevious {
        BorrowedPrevious(self.take())
    }
}

/// Like [`Previous`], but for a current context that is dropped when it is left and may borrow from
/// the previous one.
struct BorrowedPrevious(Previous);

impl BorrowedPrevious {
    #[inline(always)]
    fn take(&mut self) -> Self {
        Self(self.0.take())
    }
}

impl ThreadState {
    /// Makes `context` current until [`leave`](Self::leave).
    #[inline]
    pub(super) fn enter(&self, context: RawContext) -> Previous {
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        let (map, extra) = self.swap(context).into_parts();
        Previous {
            map: ManuallyDrop::new(map),
            depth,
            extra: ManuallyDrop::new(extra),
            not_send: PhantomData,
        }
    }

    /// Makes a copy of the current context current until [`end_scope`](Self::end_scope).
    #[inline(always)]
    fn enter_scope(&self) -> BorrowedPrevious {
        // SAFETY: What is borrowed from becomes a `BorrowedPrevious`, which only `end_scope` uses
        // up. That takes the copy out of the thread's state, makes the previous context current
        // whole, and only drops the copy from then on. The copy is reachable through the state of
        // this thread alone. A `BorrowedPrevious` that is forgotten keeps what it has for ever.
        let fork = unsafe { self.fork_borrowed() };
        BorrowedPrevious(self.enter(fork))
    }

    /// Like [`enter_scope`](Self::enter_scope), with a value set in the copy.
    #[inline(always)]
    fn enter_scope_with(&self, key: &'static Key, value: Value) -> BorrowedPrevious {
        // SAFETY: As in `enter_scope`.
        let fork = unsafe { self.fork_borrowed_with(key, value) };
        BorrowedPrevious(self.enter(fork))
    }

    /// Makes `previous` current again and returns the context that was.
    #[inline(always)]
    pub(super) fn leave(&self, previous: Previous) -> RawContext {
        if self.depth.get() != previous.depth {
            abort_out_of_order();
        }
        // The owner may drop the context on another thread. A read that began inside has ended,
        // unless generated code was misused.
        self.heap.retain_active_reads();
        self.depth.set(previous.depth - 1);
        let map = ManuallyDrop::into_inner(previous.map);
        let extra = ManuallyDrop::into_inner(previous.extra);
        self.swap(RawContext::from_parts(map, extra))
    }

    /// Makes `previous` current again and drops the context that was, in the previous one.
    #[inline(always)]
    fn end_scope(&self, previous: BorrowedPrevious) {
        release::drop_outlined(self.leave(previous.0));
    }
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
        let previous = thread_state().enter(home.take());
        Self { home, previous }
    }
}

impl Entered<'_> {
    /// Stays entered, but drops the context when it is left.
    #[inline]
    pub(crate) fn into_scope(self) -> SyncScope {
        let mut this = ManuallyDrop::new(self);
        SyncScope(this.previous.take_for_scope())
    }

    /// Calls `f` inside, and leaves the context.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let result = f();
        self.leave();
        result
    }

    /// Does what dropping it does, without a call.
    #[inline(always)]
    pub(crate) fn leave(self) {
        let mut this = ManuallyDrop::new(self);
        let previous = this.previous.take();
        leave(this.home, previous);
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
    leave(home, previous);
}

#[inline(always)]
fn leave(home: &mut RawContext, previous: Previous) {
    let context = thread_state().leave(previous);
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
pub struct SyncScope(BorrowedPrevious);

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
        Self(thread.enter_scope_with(key.untyped(), value))
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
