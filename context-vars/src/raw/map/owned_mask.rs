//! Which of a node's references are its own: one bit a place.

use core::cell::Cell;

/// A set of places, numbered from 0 to 15.
///
/// A `Cell` in what threads share: it is written only while one of them has the node.
pub(crate) struct Owned(Cell<u16>);

impl Owned {
    pub(crate) const fn none() -> Self {
        Self(Cell::new(0))
    }

    #[inline]
    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get() & (1 << place) != 0
    }

    /// Adds `place` or takes it out.
    #[inline]
    pub(crate) fn set(&self, place: usize, owned: bool) {
        let rest = self.0.get() & !(1 << place);
        self.0.set(rest | u16::from(owned) << place);
    }

    /// The only place there is.
    #[inline]
    pub(crate) fn only(&self) -> Option<usize> {
        let owned = self.0.get();
        owned.is_power_of_two().then(|| lowest(owned))
    }

    /// Takes out one place.
    #[inline]
    pub(crate) fn take_one(&self) -> Option<usize> {
        let owned = self.0.get();
        if owned == 0 {
            return None;
        }
        self.0.set(owned & (owned - 1));
        Some(lowest(owned))
    }
}

#[inline]
fn lowest(owned: u16) -> usize {
    // Less than 16, which the compiler then knows.
    owned.trailing_zeros() as usize % 16
}
