//! What happens when stacks of one thread are interleaved, or user code panics where it must not.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Aborts the process, because what must nest strictly did not.
#[cold]
pub(crate) fn abort_out_of_order() -> ! {
    let reason = "context-vars: a scope, a read or an entered context ended before one that began \
                  inside it; stacks of one thread must not be interleaved. Aborting, since values \
                  may be read after they were freed.\n";
    // Not `eprintln!`, which panics if stderr is closed.
    let _ = std::io::stderr().write_all(reason.as_bytes());
    std::process::abort();
}

/// Runs `f` and goes on if it panics. The panic hook has reported the panic by then.
pub(crate) fn ignore_panic(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // The payload's own `Drop` might panic as well; what that leaves behind is forgotten.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        core::mem::forget(dropped);
    }
}
