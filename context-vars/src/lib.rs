//! Python's `contextvars` for Rust: values that belong to one piece of work.

#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The ladder: a file imports only from those above it. `tests/it/layers.rs` enforces it.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod access;
#[cfg(feature = "tokio")]
mod bare_task;
mod context;
mod count;
#[allow(unsafe_code)] // the thread's slot
mod current;
mod error;
mod future;
mod iter;
mod number;
mod pool;
mod spawn;
mod state;
#[allow(unsafe_code)] // the node
mod storage;
mod sync;
mod token;
mod tree;
#[allow(unsafe_code)] // the erased value
mod value;
mod var;

pub mod prelude;

pub use crate::context::{Context, Entry, Iter};
pub use crate::error::{LookupError, ResetErrorKind};
pub use crate::future::{ContextFutureExt, InContext, Scope};
pub use crate::iter::ContextIteratorExt;
pub use crate::spawn::{inherit, inherit_fn, inherit_with, isolated, thread};
pub use crate::token::{ResetError, Token};
pub use crate::var::ContextVar;

#[cfg(feature = "macros")]
pub use context_vars_macros::{context_var, inherit_context, with_context};
