//! The operations that the benches time, the ratio program compares and valgrind counts.
//!
//! There is one file per operation, which has the operation with `context-vars` and with every peer
//! that supports it. All users of this module call the same functions, so counts and times are those
//! of the same code.

#![allow(dead_code)] // each bench uses its part

pub(crate) mod attach;
pub(crate) mod create;
pub(crate) mod many;
pub(crate) mod meter;
pub(crate) mod opaque;
pub(crate) mod poll;
pub(crate) mod read;
pub(crate) mod scope;
pub(crate) mod set_after_snapshot;
pub(crate) mod set_reset;
pub(crate) mod snapshot;
pub(crate) mod spans;
pub(crate) mod spawn;
pub(crate) mod timed;
#[cfg(feature = "deadline")]
pub(crate) mod timeout;
pub(crate) mod two_threads;
pub(crate) mod variables;

use meter::Case;

/// Every operation, with the name of the bench that times it.
pub(crate) const ALL: &[(&str, &[Case])] = &[
    ("read", read::CASES),
    ("scope", scope::CASES),
    ("set_reset", set_reset::CASES),
    ("snapshot", snapshot::CASES),
    ("poll", poll::CASES),
    ("create", create::CASES),
    ("attach", attach::CASES),
    ("spawn", spawn::CASES),
    #[cfg(feature = "deadline")]
    ("timeout", timeout::CASES),
    ("two_threads", two_threads::CASES),
    // Run last, because it sets more variables than have an inline slot.
    ("set_after_snapshot", set_after_snapshot::CASES),
];
