//! What stands in for std in the crate's files.

pub(crate) use loom::sync::Mutex;
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
