//! What stands in for std in the crate's files.

pub(crate) use loom::sync::Mutex;
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use loom::sync::atomic::AtomicBool;

/// std's `OnceLock` as far as it is used: a writer under a lock, readers by a flag.
///
/// Loom has none. The value lies in std's own; what orders the threads is loom's.
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    is_set: AtomicBool,
    writers: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: std::sync::OnceLock::new(),
            is_set: AtomicBool::new(false),
            writers: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.is_set
            .load(Ordering::Acquire)
            .then(|| self.value.get().expect("the flag says that it is set"))
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let _writing = self.writers.lock().expect("no writer panics");
        self.value.set(value)?;
        self.is_set.store(true, Ordering::Release);
        Ok(())
    }
}
