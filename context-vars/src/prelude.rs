//! The macros and the extension traits: `use context_vars::prelude::*;`.

pub use crate::future::ContextFutureExt;
pub use crate::iter::ContextIteratorExt;

#[cfg(feature = "macros")]
pub use context_vars_macros::{context_var, inherit_context, with_context};
