//! The set of references that belong to a node itself: one bit per slot.

use core::cell::Cell;

/// A bitset of slots, numbered from 0 to 15.
///
/// It can be a `Cell` in a block that threads share, because it is written only while one thread
/// has the node.
#[derive(Clone)]
pub(super) struct OwnedMask(Cell<u16>);

impl OwnedMask {
    pub(super) const fn empty() -> Self {
        Self(Cell::new(0))
    }

    /// Makes this the same set as `other`.
    #[inline]
    pub(super) fn copy_from(&self, other: &Self) {
        self.0.set(other.0.get());
    }

    #[inline]
    pub(super) fn contains(&self, slot: usize) -> bool {
        self.0.get() & (1 << slot) != 0
    }

    /// Inserts `slot` if `owned`, else removes it.
    #[inline]
    pub(super) fn set(&self, slot: usize, owned: bool) {
        let (mask, bit) = (self.0.get(), 1 << slot);
        self.0.set(if owned { mask | bit } else { mask & !bit });
    }

    /// Inserts `slot`. Returns `true` if it was not in the set before.
    #[inline]
    pub(super) fn insert(&self, slot: usize) -> bool {
        let (mask, bit) = (self.0.get(), 1 << slot);
        self.0.set(mask | bit);
        mask & bit == 0
    }

    /// Returns the slot in the set if the set has exactly one.
    #[inline]
    pub(super) fn only(&self) -> Option<usize> {
        let mask = self.0.get();
        mask.is_power_of_two().then(|| lowest(mask))
    }

    /// Removes one slot and returns it.
    #[inline]
    pub(super) fn pop(&self) -> Option<usize> {
        let mask = self.0.get();
        if mask == 0 {
            return None;
        }
        self.0.set(mask & (mask - 1));
        Some(lowest(mask))
    }
}

#[inline]
fn lowest(mask: u16) -> usize {
    // The remainder tells the compiler that the result is less than 16.
    mask.trailing_zeros() as usize % 16
}
