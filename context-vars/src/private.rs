//! What generated code calls. Nothing here is stable, and nobody else may name it.

use core::any::Any;
use core::fmt;

use crate::access as _;

pub use crate::current::SyncScope;
pub use crate::var::{Declaration, ShowFn};
use crate::var::ContextVar;

/// A context variable, to be the content of a `static`.
#[track_caller]
#[must_use]
pub const fn variable<T: Send + Sync + 'static>(
    declaration: Declaration,
    default: Option<fn() -> T>,
) -> ContextVar<T> {
    ContextVar::declare(declaration, default)
}

fn debug<T: fmt::Debug + 'static>(value: &dyn Any, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value.downcast_ref::<T>() {
        Some(value) => value.fmt(f),
        None => Err(fmt::Error),
    }
}
