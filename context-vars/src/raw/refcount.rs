//! A reference count that two kinds of heap block share: a value's and a node's.
//!
//! The file names its atomics through `super::sync`, so that the same source also compiles
//! against loom's model of them.

use super::sync::{AtomicUsize, Ordering};

/// More references than this mean a leak in a loop: give up before the count wraps.
const MOST: usize = isize::MAX as usize;

/// How many references to a block there are.
///
/// # Invariants
///
/// * A count is raised only by somebody who holds a reference already, so a count that the
///   holder of a reference sees to be 1 stays 1 until that holder raises it.
/// * Whoever gave back the last reference, or saw the count to be 1, has seen everything that
///   other holders did before they gave theirs back.
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

    /// The count of a static block, which is never raised or lowered and never 1.
    #[cfg(not(loom))]
    pub(crate) const fn immortal() -> Self {
        Self(AtomicUsize::new(2))
    }

    /// Adds a reference for somebody who holds one.
    #[inline]
    pub(crate) fn inc(&self) {
        // Relaxed: the new reference reaches other threads by means that synchronise.
        if self.0.fetch_add(1, Ordering::Relaxed) > MOST {
            std::process::abort();
        }
    }

    /// Whether the caller's reference is the only one.
    #[inline]
    pub(crate) fn is_one(&self) -> bool {
        // Acquire pairs with the Release in `dec`: what former holders did happened before.
        self.0.load(Ordering::Acquire) == 1
    }

    /// Takes the caller's reference away; true if it was the last and the block is to be freed.
    #[inline]
    pub(crate) fn dec(&self) -> bool {
        if self.0.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        self.0.load(Ordering::Acquire);
        true
    }

    /// As [`dec`](Self::down), for a reference that is likely to be the last.
    ///
    /// An only holder needs no read-modify-write, since nobody else can raise the count. For one
    /// of many the look is in vain, and not free right after the count was raised.
    #[inline]
    pub(crate) fn dec_likely_last(&self) -> bool {
        self.is_one() || self.dec()
    }
}
