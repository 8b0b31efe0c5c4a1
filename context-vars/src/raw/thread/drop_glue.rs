//! Contexts that are entered before a field is dropped, and left after it.
//!
//! The compiler drops the fields of a value one after the other, so no stack frame of this crate
//! exists in between: what leaves the context is kept by the thread.

use core::cell::Cell;

use super::enter::{BorrowedPrevious, SyncScope};
use super::state::{EntryId, thread_state};
use crate::raw::companion::CompanionGuard;
use crate::raw::context::RawContext;
use crate::raw::task_id::TaskId;

/// The drops that are running, the innermost first.
pub(super) struct RunningDrops(Cell<Option<Box<RunningDrop>>>);

pub(super) struct RunningDrop {
    /// There once the context is entered.
    previous: Option<BorrowedPrevious>,
    companion: CompanionGuard,
    outer: Option<Box<RunningDrop>>,
}

impl RunningDrops {
    pub(super) const fn new() -> Self {
        Self(Cell::new(None))
    }
}

/// Makes `context` current until [`leave_after_drop`], and enters the companion's state inside.
pub(crate) fn enter_for_drop(context: RawContext, enter: impl FnOnce() -> CompanionGuard) {
    let thread = thread_state();
    let owner = TaskId::current();
    // Allocated before anything changes: an allocator may use variables.
    let mut running = Box::new(RunningDrop {
        previous: None,
        companion: CompanionGuard::NONE,
        outer: None,
    });
    let entry = EntryId::of_running_drop(&running);
    let previous = thread.enter(owner, entry, context);
    running.previous = Some(BorrowedPrevious { previous, entry });
    running.outer = thread.running_drops.0.take();
    thread.running_drops.0.set(Some(running));
    // If this panics, the context is left all the same.
    let companion = enter();
    if let Some(mut running) = thread.running_drops.0.take() {
        running.companion = companion;
        thread.running_drops.0.set(Some(running));
    }
}

/// Leaves the context that was entered last by [`enter_for_drop`], and drops it.
pub(crate) fn leave_after_drop() {
    let thread = thread_state();
    let Some(running) = thread.running_drops.0.take() else {
        return;
    };
    let RunningDrop {
        previous,
        companion,
        outer,
    } = *running;
    thread.running_drops.0.set(outer);
    // Dropped after the companion's state was left.
    let _scope = previous.map(SyncScope);
    let _companion = companion;
}
