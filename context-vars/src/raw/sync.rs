//! The synchronisation primitives of `refcount.rs` and `var_id.rs`, which `tests/proof/loom`
//! replaces with loom's.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
