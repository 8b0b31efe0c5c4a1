//! The list of the contexts that were entered for a drop; `drop_glue.rs` enters and leaves them.

use core::cell::Cell;

use super::entry::BorrowedPrevious;
use crate::raw::companion::CompanionGuard;
use crate::raw::value::Value;

/// The drops that are running, the innermost first.
pub(super) struct RunningDrops(Cell<Option<Box<RunningDrop>>>);

/// A drop that is running.
pub(super) struct RunningDrop {
    /// The previous context, once the work's context is entered, if it has one.
    pub(super) previous: Option<BorrowedPrevious>,
    pub(super) companion: CompanionGuard,
    /// The value of a scope that has no context yet.
    pub(super) value: Option<Value>,
    outer: Option<Box<RunningDrop>>,
}

impl RunningDrop {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            previous: None,
            companion: CompanionGuard::NONE,
            value: None,
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
