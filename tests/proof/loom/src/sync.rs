//! The replacements of std in the crate's files.

pub(crate) use loom::sync::Mutex;
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
