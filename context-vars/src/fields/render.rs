//! A closure that writes the value of one variable.

use core::any::Any;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::raw::key::{Key, TypedKey};

type RenderFn = dyn Fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync;

/// Writes the value of one variable in place of its `Display` or `Debug`.
#[derive(Clone)]
pub(super) struct Renderer {
    key: &'static Key,
    render: Arc<RenderFn>,
}

// Loggers are kept in statics and used again after a panic. A closure that panicked may have left
// its own captures inconsistent, but nothing in this crate. The same applies to the values of a
// context.
impl UnwindSafe for Renderer {}
impl RefUnwindSafe for Renderer {}

impl Renderer {
    pub(super) fn new<T: 'static>(
        key: &'static TypedKey<T>,
        render: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync + 'static,
    ) -> Self {
        let render = move |value: &dyn Any, f: &mut fmt::Formatter<'_>| {
            // The key fixes the type of each of its values.
            value
                .downcast_ref()
                .map_or(Ok(()), |value| render(value, f))
        };
        Self {
            key: key.untyped(),
            render: Arc::new(render),
        }
    }

    pub(super) fn is_for(&self, key: &'static Key) -> bool {
        core::ptr::eq(self.key, key)
    }

    pub(super) fn render(&self, value: &dyn Any, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.render)(value, f)
    }
}

impl fmt::Debug for Renderer {
    /// Prints the variable's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
