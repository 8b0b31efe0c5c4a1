//! Contexts that are entered before a field is dropped, and left after it.
//!
//! The compiler drops the fields of a value one after the other, so no stack frame of this crate exists in
//! between. The data for leaving the context is therefore stored in the thread's state.

use super::enter::SyncScope;
use super::running_drops::RunningDrop;
use super::state::thread_state;
use crate::raw::companion::CompanionGuard;
use crate::raw::context::RawContext;
use crate::raw::task_id::TaskId;
use crate::raw::value::Value;

/// Makes `context` current until [`leave_after_drop`], and enters the companion's state inside.
pub(crate) fn enter_for_drop(context: RawContext, enter: impl FnOnce() -> CompanionGuard) {
    let thread = thread_state();
    let owner = TaskId::current();
    // Allocated before anything changes, because an allocator may use variables.
    let mut running = RunningDrop::new();
    running.previous = Some(thread.enter_as(owner, context));
    thread.running_drops.push(running);
    // Even if this panics, `leave_after_drop` leaves the context.
    let companion = enter();
    if let Some(mut running) = thread.running_drops.pop() {
        running.companion = companion;
        thread.running_drops.push(running);
    }
}

/// Stays in the current context, and keeps `value` until [`leave_after_drop`].
pub(crate) fn stay_for_drop(value: Option<Value>) {
    let mut running = RunningDrop::new();
    running.value = value;
    thread_state().running_drops.push(running);
}

/// Leaves the context that was entered last by [`enter_for_drop`], and drops it, or drops what
/// [`stay_for_drop`] has kept.
pub(crate) fn leave_after_drop() {
    let Some(running) = thread_state().running_drops.pop() else {
        return;
    };
    let RunningDrop {
        previous,
        companion,
        value: _value,
        ..
    } = *running;
    // Dropped after the companion's state was left.
    let _scope = previous.map(SyncScope);
    let _companion = companion;
}
