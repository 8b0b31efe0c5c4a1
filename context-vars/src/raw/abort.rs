//! The reactions to interleaved stacks of one thread, and to user code that panics where it must not.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Aborts the process, because two entries that must nest strictly have ended out of order.
#[cold]
pub(crate) fn abort_out_of_order() -> ! {
    let reason = "context-vars: a scope, a read or an entered context ended before one that began \
                  inside it; stacks of one thread must not be interleaved. Aborting, since values \
                  may be read after they were freed.\n";
    // `eprintln!` would panic if stderr is closed.
    let _ = std::io::stderr().write_all(reason.as_bytes());
    std::process::abort();
}

/// Runs `f` and returns normally even if `f` panics. The panic hook has reported the panic by then.
pub(crate) fn ignore_panic(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // The `Drop` of the payload might panic as well. The payload of that second panic is forgotten,
        // because its `Drop` could panic again.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        core::mem::forget(dropped);
    }
}
