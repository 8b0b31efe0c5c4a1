//! The defaults that a thread is computing, so that a default which reads itself is detected.

use core::cell::Cell;
use core::ptr;

use crate::raw::key::Key;

/// The defaults that are being computed, the innermost first.
pub(super) struct InitStack(Cell<Option<Box<InitFrame>>>);

struct InitFrame {
    key: &'static Key,
    outer: Option<Box<InitFrame>>,
}

impl InitStack {
    pub(super) const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Pushes the variable whose default is about to be computed, until the guard is dropped.
    ///
    /// # Panics
    ///
    /// Panics if that default is being computed already.
    #[track_caller]
    pub(super) fn push(&self, key: &'static Key) -> InitGuard<'_> {
        let outer = self.0.take();
        let is_cycle = contains(outer.as_deref(), key);
        self.0.set(outer);
        assert!(
            !is_cycle,
            "the default of context variable `{key}` needs itself: computing it read the variable \
             again (declared at {})",
            key.location
        );
        let outer = self.0.take();
        self.0.set(Some(Box::new(InitFrame { key, outer })));
        InitGuard(self)
    }
}

fn contains(mut next: Option<&InitFrame>, key: &'static Key) -> bool {
    while let Some(frame) = next {
        if ptr::eq(frame.key, key) {
            return true;
        }
        next = frame.outer.as_deref();
    }
    false
}

/// A guard that pops the innermost variable when its default was computed, or has panicked.
pub(super) struct InitGuard<'a>(&'a InitStack);

impl Drop for InitGuard<'_> {
    fn drop(&mut self) {
        let innermost = self.0.0.take();
        self.0.0.set(innermost.and_then(|frame| frame.outer));
    }
}
