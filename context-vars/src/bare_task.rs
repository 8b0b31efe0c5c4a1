//! R21: a bare tokio task may not set in the root of the thread that happens to poll it.

use crate::raw::key::Key;
use crate::raw::thread;

/// Panics if a `set` of the variable now would be seen by the next task polled on this thread.
///
/// A task or blocking closure of tokio has an id; `block_on` outside of one has none. While the
/// thread unwinds nothing is refused, since a second panic would abort the process.
#[inline]
#[track_caller]
pub(crate) fn refuse_set(var: &'static Key) {
    if thread::is_root() && tokio::task::try_id().is_some() && !std::thread::panicking() {
        refused(var);
    }
}

#[cold]
#[track_caller]
fn refused(var: &'static Key) -> ! {
    panic!(
        "`{var}` was set in a bare tokio task, where the next task polled on this thread would \
         see the value; set it in a scope (`#[with_context]`, `scope`), or start the task with \
         `context_vars::task::spawn`"
    );
}
