//! The state that work carries in addition to its context.

use core::mem;

use super::companion::CompanionState;
use super::context::RawContext;
use super::thread;

/// State that work can carry in addition to its context.
pub(crate) trait Carried: Sized {
    /// The state of work that carries only its context.
    const NONE: Self;

    /// Calls `step` inside the captured state.
    fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R;

    /// Prepares the context of the work before a poll.
    #[inline(always)]
    fn prepare(&mut self, _context: &mut RawContext) {}

    /// Takes the state that is still carried when the work is ready.
    #[inline(always)]
    fn take_ready(&mut self) -> Self {
        mem::replace(self, Self::NONE)
    }

    /// Enters the context and the captured state until [`leave_after_drop`](thread::leave_after_drop).
    fn enter_for_drop(self, context: RawContext);
}

impl Carried for CompanionState {
    const NONE: Self = CompanionState::NONE;

    #[inline(always)]
    fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R {
        self.in_scope(step)
    }

    #[inline]
    fn enter_for_drop(self, context: RawContext) {
        thread::enter_for_drop(context, || self.enter());
    }
}
