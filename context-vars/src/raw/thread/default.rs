//! The defaults of variables, computed once in the program.

use super::enter::Entered;
use super::state::slot;
use crate::raw::context::State;
use crate::raw::value::{keep_default, kept_default};
use crate::var::ContextVar;

/// The declared default of `var`: the first result anybody has computed.
#[inline]
#[track_caller]
pub(crate) fn default_of<T: Send + Sync>(var: &'static ContextVar<T>) -> Option<&'static T> {
    match kept_default(var) {
        Some(kept) => Some(kept),
        None => make_default(var),
    }
}

#[cold]
#[track_caller]
fn make_default<T: Send + Sync>(var: &'static ContextVar<T>) -> Option<&'static T> {
    let make = var.default.make?;
    let slot = slot();
    let _begun = slot.makings.begin(&var.info);
    // What the default sets here goes when its result is kept: its `Drop` may read the variable.
    let mut empty = State::EMPTY;
    let made = {
        let _entered = Entered::new(&mut empty);
        make()
    };
    slot.make_live();
    let (kept, late) = keep_default(&slot.pool, var, made);
    // A thread that lost the race drops its own result, in the context that reads.
    drop(late);
    Some(kept)
}
