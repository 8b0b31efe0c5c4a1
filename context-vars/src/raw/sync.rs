//! What `count.rs`, `number.rs` and `first.rs` synchronise by.

pub(crate) use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
pub(crate) use std::sync::{Mutex, OnceLock};
