//! Dense numbers for context variables, handed out at the first `set`.

use super::sync::{AtomicU32, Mutex, Ordering};

/// A variable's number, 0 while it was never set anywhere.
///
/// # Invariants
///
/// * Two variables of one [`Numbering`] never have the same number, and a number never changes
///   once it is not 0.
/// * Whoever holds a context with an entry of a variable sees that variable's number: the entry
///   was stored after the number, and contexts cross threads only by means that synchronise.
///   Relaxed loads are therefore enough.
pub(crate) struct Number(AtomicU32);

impl Number {
    #[cfg(not(loom))]
    pub(crate) const fn none() -> Self {
        Self(AtomicU32::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn none() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The number, or 0, which names a slot that is always empty.
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Hands out the numbers `first + 1`, `first + 2` and so on.
pub(crate) struct Numbering(Mutex<u32>);

impl Numbering {
    #[cfg(not(loom))]
    pub(crate) const fn after(first: u32) -> Self {
        Self(Mutex::new(first))
    }

    #[cfg(loom)]
    pub(crate) fn after(first: u32) -> Self {
        Self(Mutex::new(first))
    }

    /// The number of the variable that owns `number`; gives it one if it has none.
    ///
    /// # Panics
    ///
    /// If there are more than 2³¹ variables.
    #[cold]
    pub(crate) fn assign(&self, number: &Number) -> u32 {
        let mut last = match self.0.lock() {
            Ok(last) => last,
            // Only the panic below can poison the lock, and it changes nothing.
            Err(poisoned) => poisoned.into_inner(),
        };
        // Under the lock: another thread may have been first.
        let found = number.get();
        if found != 0 {
            return found;
        }
        let next = *last + 1;
        assert!(next & !(1 << 31) != 0, "too many context variables");
        *last = next;
        number.0.store(next, Ordering::Relaxed);
        next
    }
}
