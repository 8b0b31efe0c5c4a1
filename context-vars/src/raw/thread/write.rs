//! Values are made, set, reset and removed.

use core::sync::atomic::{AtomicU64, Ordering};

use super::state::{Slot, slot};
use crate::raw::context::State;
use crate::raw::value::Value;
use crate::var::{ContextVar, Info};

/// Makes `value` one that a context can hold.
#[inline]
pub(crate) fn new_value<T: Send + Sync>(var: &'static ContextVar<T>, value: T) -> Value {
    let slot = slot();
    slot.make_live();
    Value::new(&slot.pool, var, value)
}

/// Puts `value` into the current context; returns what stood there, and the number of the context.
///
/// In the root of a thread that has ended, `value` is dropped instead, and the number is 0.
#[inline]
pub(crate) fn set(info: &'static Info, value: Value) -> (Option<Value>, u64) {
    let slot = slot();
    let known = slot.known_identity();
    if known == 0 {
        return set_first(slot, info, value);
    }
    (slot.replace(info, Some(value)), known)
}

/// The first `set` in a context, which gives it a number.
#[inline(never)]
fn set_first(slot: &Slot, info: &'static Info, value: Value) -> (Option<Value>, u64) {
    if !slot.takes_values() {
        return (None, 0);
    }
    let identity = slot.identity(next_identity());
    (slot.replace(info, Some(value)), identity)
}

/// A number that no other context has or had.
#[cold]
fn next_identity() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// Puts `value` back if the current context is the one with the number `context`, and returns
/// what stood there. `Err` hands `value` back.
#[inline]
pub(crate) fn reset(
    info: &'static Info,
    context: u64,
    value: Option<Value>,
) -> Result<Option<Value>, Option<Value>> {
    let slot = slot();
    if context == 0 || context != slot.known_identity() {
        return Err(value);
    }
    Ok(slot.replace(info, value))
}

/// Puts a value into the current context, which is a scope's.
#[inline]
pub(crate) fn put<T: Send + Sync>(var: &'static ContextVar<T>, value: T) {
    let slot = slot();
    let value = Value::new(&slot.pool, var, value);
    slot.put(&var.info, value);
}

/// Puts `value` under `info` into a context that is not current and returns what stood there.
pub(crate) fn replace_in(
    state: &mut State,
    info: &'static Info,
    value: Option<Value>,
) -> Option<Value> {
    debug_assert!(value.as_ref().is_none_or(|value| value.is_of(info)));
    let slot = slot();
    slot.make_live();
    state.replace(&slot.pool, info.number_for_set(), value)
}
