//! Contexts are copied, made current, and left again.

use core::mem::{self, ManuallyDrop};

use super::state::{Leant, Outer, slot};
use super::write::replace_in;
use crate::raw::context::State;
use crate::raw::value::Value;
use crate::var::ContextVar;

/// Whether the current context is the thread's own.
#[cfg(feature = "tokio")]
pub(crate) fn is_root() -> bool {
    slot().is_root()
}

/// What work that inherits gets.
#[inline]
pub(crate) fn snapshot() -> State {
    State::from_parts(slot().copy_inherited(), None)
}

/// What a scope starts from.
#[inline]
pub(crate) fn copy() -> State {
    slot().copy()
}

/// Takes away from `state` what it has of the current context and what no work inherits.
pub(crate) fn leave_locals(state: &mut State) {
    let origin = copy();
    if !origin.is_plain() {
        state.leave_locals(&slot().pool, &origin);
    }
}

/// Gives `state` what of the current context no work inherits.
pub(crate) fn take_locals(state: &mut State) {
    let origin = copy();
    if !origin.is_plain() {
        state.take_locals(&slot().pool, origin);
    }
}

/// What the scope of a future starts from, with `value` put into it.
pub(crate) fn copy_with(value: Value) -> State {
    let info = value.look().info();
    match slot().try_copy_with(info, value) {
        Ok(state) => state,
        Err(value) => {
            let mut state = copy();
            drop(replace_in(&mut state, info, Some(value)));
            state
        }
    }
}

/// A context that is current until this is dropped, and then lies in its place again.
pub(crate) struct Entered<'a> {
    /// Empty while the context is in the slot.
    home: &'a mut State,
    outer: Outer,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(home: &'a mut State) -> Self {
        let outer = slot().enter(home.take());
        Self { home, outer }
    }
}

impl Entered<'_> {
    /// Stays entered, but drops the context when it is left.
    #[inline]
    pub(crate) fn for_the_last_time(self) -> SyncScope {
        let mut this = ManuallyDrop::new(self);
        SyncScope(this.outer.take_to_end())
    }

    /// Calls `f` inside, and leaves the context.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let result = f();
        self.leave();
        result
    }

    /// What dropping it does, without a call.
    #[inline(always)]
    pub(crate) fn leave(self) {
        let mut this = ManuallyDrop::new(self);
        let outer = this.outer.take();
        leave(this.home, outer);
    }
}

impl Drop for Entered<'_> {
    // A call, so that where a poll unwinds nothing needs `self` in memory: it would be written
    // there at each poll.
    #[inline]
    fn drop(&mut self) {
        leave_by_call(self.home, self.outer.take());
    }
}

#[inline(never)]
fn leave_by_call(home: &mut State, outer: Outer) {
    leave(home, outer);
}

#[inline(always)]
fn leave(home: &mut State, outer: Outer) {
    let inner = slot().leave(outer);
    // The empty state that lay there holds nothing that would have to be dropped.
    mem::forget(mem::replace(home, inner));
}

/// A context that is current until this is dropped, and goes then.
///
/// Made by [`enter`](Self::enter) it is a copy of the context around, for functions that are not
/// async: it may not be kept over an `.await`. Generated code holds one under a name that nobody
/// else can write.
#[allow(missing_debug_implementations)] // reachable for generated code alone
#[must_use = "the scope ends when this is dropped"]
pub struct SyncScope(Leant);

impl SyncScope {
    /// Enters a copy of the current context.
    ///
    /// # Cost
    ///
    /// One node from the thread's free list, whatever the number of variables.
    // Inlined always, like `drop`, so that the outer state stays in registers.
    #[inline(always)]
    pub fn enter() -> Self {
        Self(slot().enter_copy())
    }

    /// Enters a copy of the current context in which `var` is set to `value`.
    #[inline(always)]
    pub(crate) fn enter_with<T: Send + Sync>(var: &'static ContextVar<T>, value: T) -> Self {
        let slot = slot();
        let value = Value::new(&slot.pool, var, value);
        Self(slot.enter_copy_with(&var.info, value))
    }

    /// Calls `f` inside, and leaves the scope.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let scope = EndsByCall(ManuallyDrop::new(self).0.take());
        let result = f();
        slot().end(ManuallyDrop::new(scope).0.take());
        result
    }
}

impl Drop for SyncScope {
    // Last, in the outer context: a value's `Drop` may do what it likes, also to that one.
    #[inline(always)]
    fn drop(&mut self) {
        slot().end(self.0.take());
    }
}

/// A scope that is dropped only if what is done inside panics; see `Entered`.
struct EndsByCall(Leant);

impl Drop for EndsByCall {
    #[inline]
    fn drop(&mut self) {
        end_by_call(self.0.take());
    }
}

#[inline(never)]
fn end_by_call(outer: Leant) {
    slot().end(outer);
}
