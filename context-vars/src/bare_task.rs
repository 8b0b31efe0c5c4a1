//! R21: a task must not set a variable in a context that the task did not enter itself.

use crate::raw::key::Key;

/// Panics because a task has set or unset `var` in a context that the next task on its thread would also
/// see.
///
/// Returns while the thread unwinds, since a second panic would abort the process.
#[cold]
#[track_caller]
pub(crate) fn refuse_set(var: &'static Key, was_set: &str) {
    assert!(
        std::thread::panicking(),
        "`{var}` was {was_set} in a task that has no context of its own, where the next task polled on \
         this thread would see the value; set it in a scope (`#[with_context]`, `scope`), start the \
         task with `context_vars::task::spawn`, or put `web::ContextLayer` outside of every \
         middleware that sets"
    );
}
