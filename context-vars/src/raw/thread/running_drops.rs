//! The list of the contexts that were entered for a drop; `drop_glue.rs` says what happens with them.

use core::cell::Cell;

use super::entry::BorrowedPrevious;
use crate::raw::companion::CompanionGuard;

/// The drops that are running, the innermost first.
pub(super) struct RunningDrops(Cell<Option<Box<RunningDrop>>>);

/// A drop that is running inside a context.
pub(super) struct RunningDrop {
    /// There once the context is entered.
    pub(super) previous: Option<BorrowedPrevious>,
    pub(super) companion: CompanionGuard,
    outer: Option<Box<RunningDrop>>,
}

impl RunningDrop {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            previous: None,
            companion: CompanionGuard::NONE,
            outer: None,
        })
    }
}

impl RunningDrops {
    pub(super) const fn new() -> Self {
        Self(Cell::new(None))
    }

    pub(super) fn push(&self, mut running: Box<RunningDrop>) {
        running.outer = self.0.take();
        self.0.set(Some(running));
    }

    pub(super) fn pop(&self) -> Option<Box<RunningDrop>> {
        let mut running = self.0.take()?;
        self.0.set(running.outer.take());
        Some(running)
    }
}
