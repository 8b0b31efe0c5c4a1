//! Dense ids of context variables, assigned at the first `set`.

use super::sync::{AtomicU32, Mutex, Ordering};

/// The index of a context variable in every map.
///
/// The ids of `#[no_inherit]` variables are *local*: each context has a separate map for them, and they
/// are numbered from 1 again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct VarId(u32);

impl VarId {
    /// The bit of local ids. It makes their index exceed the inline slots of a node, so that a read of an
    /// inheritable variable needs no additional check for them.
    const LOCAL: u32 = 1 << 31;

    /// The id of every variable that was never set. Its slot is always empty, so that reading such a
    /// variable needs no additional branch.
    const UNASSIGNED: Self = Self(0);

    #[inline]
    pub(crate) fn is_unassigned(self) -> bool {
        self == Self::UNASSIGNED
    }

    /// Returns `true` if the variable is `#[no_inherit]`.
    #[inline]
    pub(crate) fn is_local(self) -> bool {
        self.0 & Self::LOCAL != 0
    }

    /// Returns the variable's index in the map that it belongs to.
    #[inline]
    pub(crate) fn index(self) -> usize {
        (self.0 & !Self::LOCAL) as usize
    }

    /// Returns the variable's index in the map of inheritable variables. The index of a local id is
    /// beyond all slots.
    #[inline]
    pub(crate) fn index_if_inheritable(self) -> usize {
        self.0 as usize
    }
}

/// The id of one variable, unassigned until the variable is first set anywhere.
///
/// # Invariants
///
/// * Two variables of one [`VarIdAllocator`] never have the same id, and an assigned id never
///   changes.
/// * Relaxed loads are enough. A thread that holds a context with an entry of the variable sees the
///   variable's id. The reason is that the entry was stored after the id, and contexts cross
///   threads only by means that synchronise.
pub(crate) struct LazyVarId(AtomicU32);

impl LazyVarId {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(VarId::UNASSIGNED.0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(VarId::UNASSIGNED.0))
    }

    #[inline]
    pub(crate) fn get(&self) -> VarId {
        VarId(self.0.load(Ordering::Relaxed))
    }
}

/// Assigns the ids 1, 2, 3 and so on, all of them local or all of them inheritable.
pub(crate) struct VarIdAllocator {
    last: Mutex<u32>,
}

impl VarIdAllocator {
    #[cfg(not(loom))]
    pub(crate) const fn inheritable() -> Self {
        Self {
            last: Mutex::new(0),
        }
    }

    #[cfg(not(loom))]
    pub(crate) const fn local() -> Self {
        Self {
            last: Mutex::new(VarId::LOCAL),
        }
    }

    #[cfg(loom)]
    pub(crate) fn inheritable() -> Self {
        Self {
            last: Mutex::new(0),
        }
    }

    /// Returns the id in `id`, after assigning one if it has none.
    ///
    /// # Panics
    ///
    /// Panics if there are more than 2³¹ variables.
    #[cold]
    pub(crate) fn assign(&self, id: &LazyVarId) -> VarId {
        let mut last = match self.last.lock() {
            Ok(last) => last,
            // Only the panic below can poison the lock, and it happens before anything is changed.
            Err(poisoned) => poisoned.into_inner(),
        };
        // The id is read again under the lock, because another thread may have assigned an id since the
        // caller read it.
        let assigned = id.get();
        if !assigned.is_unassigned() {
            return assigned;
        }
        let next = *last + 1;
        assert!(
            next & !VarId::LOCAL != 0,
            "too many context variables: at most 2^31 can be set in one program"
        );
        *last = next;
        id.0.store(next, Ordering::Relaxed);
        VarId(next)
    }
}
