//! The reference count that both kinds of heap block begin with: values and nodes.
//!
//! The atomics come from `super::sync`, so that `tests/proof/loom` compiles this very file against
//! loom's model of them.

use super::sync::{AtomicUsize, Ordering};

/// A count above this means that references leak in a loop. The process is then aborted before the
/// count can wrap, as with `Arc`.
const MAX: usize = isize::MAX as usize;

/// The number of references to a block.
///
/// # Invariants
///
/// * Only the holder of a reference increments the count. A holder that reads a count of 1
///   therefore knows that the count stays 1 until this holder increments it.
/// * The holder that drops the last reference, or that reads a count of 1, also sees everything
///   that other holders did before they dropped their references.
pub(crate) struct RefCount(AtomicUsize);

impl RefCount {
    #[cfg(not(loom))]
    pub(crate) const fn one() -> Self {
        Self(AtomicUsize::new(1))
    }

    #[cfg(loom)]
    pub(crate) fn one() -> Self {
        Self(AtomicUsize::new(1))
    }

    /// Creates the count of a static block, which is never incremented or decremented and never 1.
    #[cfg(not(loom))]
    pub(crate) const fn immortal() -> Self {
        Self(AtomicUsize::new(2))
    }

    /// Adds a reference, for a caller that holds one.
    #[inline]
    pub(crate) fn inc(&self) {
        // Relaxed is enough because the new reference reaches other threads by means that
        // synchronise.
        if self.0.fetch_add(1, Ordering::Relaxed) > MAX {
            std::process::abort();
        }
    }

    /// Returns `true` if the caller's reference is the only one.
    #[inline]
    pub(crate) fn is_one(&self) -> bool {
        // Acquire pairs with the Release in `dec`: everything that former holders did happened
        // before this load.
        self.0.load(Ordering::Acquire) == 1
    }

    /// Removes the caller's reference. Returns `true` if it was the last one, in which case the
    /// caller frees the block.
    #[inline]
    pub(crate) fn dec(&self) -> bool {
        if self.0.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        self.0.load(Ordering::Acquire);
        true
    }

    /// Equivalent to [`dec`](Self::dec), for a reference that is likely to be the last.
    ///
    /// The only holder needs no read-modify-write, because no other thread can increment the count.
    /// For one of many holders the additional load is wasted, and it stalls if the count was
    /// incremented right before.
    #[inline]
    pub(crate) fn dec_likely_last(&self) -> bool {
        self.is_one() || self.dec()
    }
}
