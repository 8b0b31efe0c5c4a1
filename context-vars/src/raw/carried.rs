//! What work in a context carries beside that context.

use core::mem;

use super::companion::CompanionState;
use super::context::RawContext;
use super::thread;

/// What work may carry beside its context.
pub(crate) trait Carried: Sized {
    /// What work carries that has nothing to carry.
    const NONE: Self;

    /// Calls `step` inside the captured state.
    fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R;

    /// Prepares the context of the work before a poll.
    #[inline(always)]
    fn prepare(&mut self, _context: &mut RawContext) {}

    /// Takes what is left to carry after the work was ready.
    #[inline(always)]
    fn take_ready(&mut self) -> Self {
        mem::replace(self, Self::NONE)
    }

    /// Enters the context, which is taken, and the captured state, until
    /// [`leave_after_drop`](thread::leave_after_drop).
    fn enter_for_drop(&mut self, context: &mut RawContext);
}

impl Carried for CompanionState {
    const NONE: Self = CompanionState::NONE;

    #[inline(always)]
    fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R {
        self.in_scope(step)
    }

    #[inline]
    fn enter_for_drop(&mut self, context: &mut RawContext) {
        thread::enter_for_drop(context.take(), || self.enter());
    }
}
