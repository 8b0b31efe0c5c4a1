//! The `Drop` implementations of values, maps and contexts, which release references.

use core::mem::{self, ManuallyDrop};

use super::state::thread_state;
use crate::raw::context::{Extra, RawContext};
use crate::raw::map::Map;
use crate::raw::value::Value;

impl Drop for Value {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` owns a reference, and this is its last use.
        unsafe { thread_state().heap.release(self.ptr()) };
    }
}

impl Drop for Map {
    #[inline]
    fn drop(&mut self) {
        if !self.is_static() {
            // SAFETY: This is the last use of `self`.
            unsafe { self.release(&thread_state().heap) };
        }
    }
}

/// Drops the context of work that has ended, of which few copies exist.
// Not inlined, and taken by value, so that the context is passed in registers.
#[inline(never)]
pub(super) fn drop_outlined(context: RawContext) {
    #[cold]
    fn drop_both(both: (Map, Box<Extra>)) {
        drop(both);
    }
    match context.into_parts() {
        (map, Some(extra)) => drop_both((map, extra)),
        (map, None) if map.is_static() => mem::forget(map),
        (map, None) => {
            let mut map = ManuallyDrop::new(map);
            // SAFETY: This is the last use of `map`.
            unsafe { map.release_likely_last(&thread_state().heap) };
        }
    }
}
