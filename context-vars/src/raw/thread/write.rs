//! Setting variables, in the current context and in others.

use super::state::{ThreadState, thread_state};
use crate::raw::context::{ContextId, RawContext};
use crate::raw::key::{Key, TypedKey};
use crate::raw::task_id::TaskId;
use crate::raw::value::{ScopeValue, ScopeValues, TypedValue, Value};

/// Returns `true` if a variable may be set in the current context (R21).
///
/// A task may set variables in a context that it entered itself. In the thread's root, and in a context
/// that was entered outside of the task, the task that is polled there next would see the value. Code that
/// runs in no task may set variables everywhere. A callback may set variables in the context of its task.
#[inline]
pub(crate) fn may_set() -> bool {
    let task = TaskId::current();
    task.is_none() || is_owner(task)
}

/// Returns `true` if the current context was entered in `task`, or if a callback of the context's
/// task is running.
#[inline]
fn is_owner(task: TaskId) -> bool {
    let owner = thread_state().current_owner();
    task == owner || owner.is_in_callback()
}

/// Creates a value that a context can hold.
#[inline]
pub(crate) fn new_value<T: Send + Sync>(key: &'static TypedKey<T>, value: T) -> TypedValue<T> {
    let thread = thread_state();
    thread.make_live();
    TypedValue::new(&thread.heap.pool, key, value)
}

/// Sets the variable in the current context, or unsets it. Returns the previous value and the context's
/// id.
///
/// In the root of a thread that has ended, `value` is dropped instead, and there is no id.
#[inline]
pub(crate) fn set<T>(
    key: &'static TypedKey<T>,
    value: Option<TypedValue<T>>,
) -> (Option<TypedValue<T>>, Option<ContextId>) {
    let thread = thread_state();
    let value = value.map(TypedValue::into_untyped);
    let (old, context) = match thread.context_id() {
        Some(id) => (thread.set(key.untyped(), value), Some(id)),
        None => set_first(thread, key.untyped(), value),
    };
    (typed(key, old), context)
}

/// Sets or unsets a variable in a context that has no id yet.
#[inline(never)]
fn set_first(
    thread: &ThreadState,
    key: &'static Key,
    value: Option<Value>,
) -> (Option<Value>, Option<ContextId>) {
    if !thread.accepts_values() {
        return (None, None);
    }
    let id = thread.context_id_or_assign();
    (thread.set(key, value), Some(id))
}

/// Restores `old` if the current context is `context`, and returns the replaced value. Otherwise
/// returns `old` as the error.
#[inline]
pub(crate) fn reset<T>(
    key: &'static TypedKey<T>,
    context: Option<ContextId>,
    old: Option<TypedValue<T>>,
) -> Result<Option<TypedValue<T>>, Option<TypedValue<T>>> {
    let thread = thread_state();
    if context.is_none() || context != thread.context_id() || !may_set() {
        return Err(old);
    }
    let old = old.map(TypedValue::into_untyped);
    Ok(typed(key, thread.set(key.untyped(), old)))
}

/// Creates a value that a scope takes over.
#[inline]
pub(crate) fn new_scope_value<T: Send + Sync>(key: &'static TypedKey<T>, value: T) -> ScopeValue {
    let thread = thread_state();
    ScopeValue::new(TypedValue::new(&thread.heap.pool, key, value))
}

/// Sets the only variable of a scope that was just entered.
// Not inlined, because it would be compiled again for each type, and most of it is for unusual cases.
#[inline(never)]
pub fn set_one(value: ScopeValue) {
    let value = value.into_value();
    thread_state().set_and_drop(value.key(), value);
}

/// Sets the variables of a scope that was just entered, in order.
#[inline]
pub fn set_all<const N: usize>(values: [ScopeValue; N]) {
    // SAFETY: The values are not used again.
    set_in_scope(unsafe { ScopeValues::new(&values) });
}

// One call for all values, because each one needs few instructions once the node is known.
#[inline(never)]
fn set_in_scope(mut values: ScopeValues<'_>) {
    // SAFETY: Only this thread has the state, and `set_vacant` runs nothing that uses it.
    unsafe { thread_state().map().set_vacant(&mut values) };
    if !values.is_empty() {
        set_one_by_one(values);
    }
}

/// Sets variables for which a slot must be created first, or a previous value must be dropped.
#[inline(never)]
fn set_one_by_one(values: ScopeValues<'_>) {
    for value in values {
        thread_state().set_and_drop(value.key(), value);
    }
}

/// Sets the variable in a context that is not current, and returns the previous value.
pub(crate) fn set_in<T>(
    context: &mut RawContext,
    key: &'static TypedKey<T>,
    value: Option<TypedValue<T>>,
) -> Option<TypedValue<T>> {
    let thread = thread_state();
    thread.make_live();
    let value = value.map(TypedValue::into_untyped);
    let id = key.untyped().id_for_set();
    typed(key, context.set(&thread.heap.pool, id, value))
}

/// Gives a value the type of the key under whose id it was found.
#[inline]
fn typed<T>(_: &'static TypedKey<T>, value: Option<Value>) -> Option<TypedValue<T>> {
    // SAFETY: The callers found the value under the id of this key.
    value.map(|value| unsafe { TypedValue::from_untyped(value) })
}
