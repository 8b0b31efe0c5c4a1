//! The synchronisation that `refcount.rs` and `var_id.rs` use; loom's own in `tests/proof/loom`.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
