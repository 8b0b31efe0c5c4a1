//! Reading variables in the current context.

use super::state::thread_state;
use crate::raw::key::{Key, TypedKey};
#[cfg(feature = "http")]
use crate::raw::value::Value;

/// Calls `f` with the value in the current context, which stays valid whatever `f` does. Returns `f` as
/// the error if the variable is not set.
#[inline]
pub(crate) fn with<T, R, F>(key: &'static TypedKey<T>, f: F) -> Result<R, F>
where
    F: FnOnce(&T) -> R,
{
    let id = key.untyped().id();
    if id.is_unassigned() {
        // The variable was never set in any context, so the state of the thread need not be read.
        return Err(f);
    }
    let thread = thread_state();
    let Some(value) = thread.read(id) else {
        return Err(f);
    };
    // SAFETY: The value was found under the id of a `TypedKey<T>`. The current context holds a
    // reference, and `retain_active_reads` is called before that is released or handed out.
    Ok(unsafe { thread.heap.read(value, f) })
}

/// Returns `true` if the variable has this value in the current context. Another value that is equal does
/// not count. The caller's reference ensures that no other value has the same address.
#[cfg(feature = "http")]
#[inline]
pub(crate) fn has_value(key: &Key, value: &Value) -> bool {
    thread_state().read(key.id()) == Some(value.ptr())
}

/// Returns `true` if the variable has a value in the current context.
#[inline]
pub(crate) fn is_set(key: &Key) -> bool {
    thread_state().read(key.id()).is_some()
}
