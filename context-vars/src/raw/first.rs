//! The first result of what several threads may compute at once.
//!
//! Like `count.rs` and `number.rs`, the file names what it synchronises by through `super::sync`,
//! so that the same source also compiles against loom's model of it.

use super::sync::OnceLock;

/// Nothing, or the first result that anybody brought.
///
/// # Invariants
///
/// * Whoever asks gets nothing, or one and the same result, for ever; whoever brought one is not
///   told "nothing" any more.
/// * Nobody waits while a result is computed, and no code of the user's runs in here: what is
///   brought is finished, and what comes too late is handed back to be dropped outside.
pub(crate) struct First<T>(OnceLock<T>);

impl<T> First<T> {
    #[cfg(not(loom))]
    pub(crate) const fn none() -> Self {
        Self(OnceLock::new())
    }

    #[cfg(loom)]
    pub(crate) fn none() -> Self {
        Self(OnceLock::new())
    }

    /// The result, if there is one.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// Keeps `value` if it is the first, else hands it back; gives the one that is kept.
    pub(crate) fn keep(&self, value: T) -> (&T, Option<T>) {
        let late = self.0.set(value).err();
        let Some(kept) = self.0.get() else {
            unreachable!("one was set just now, or before");
        };
        (kept, late)
    }
}
