//! What happens to a thread's slot when the thread ends.

use super::state::{Phase, Slot, slot};
use crate::raw::value::quietly;

thread_local! {
    static AT_END: EmptySlot = const { EmptySlot };
}

impl Slot {
    #[inline]
    pub(super) fn make_live(&self) {
        if self.phase.get() == Phase::Fresh {
            self.register();
        }
    }

    /// Whether what is set now will be dropped in time: not in the root of a thread that ended.
    #[inline]
    pub(super) fn takes_values(&self) -> bool {
        self.phase.get() == Phase::Live || self.takes_values_now()
    }

    #[cold]
    fn takes_values_now(&self) -> bool {
        self.make_live();
        self.phase.get() == Phase::Live || !self.is_root()
    }

    /// Arranges that the slot is emptied when the thread ends.
    #[cold]
    fn register(&self) {
        let phase = match AT_END.try_with(|_| ()) {
            Ok(()) => Phase::Live,
            // The thread is past the end of its other thread-locals.
            Err(_) => Phase::Ended,
        };
        self.phase.set(phase);
        if phase == Phase::Live {
            self.pool.open();
        }
    }
}

/// Empties the thread's slot when the thread ends.
struct EmptySlot;

impl Drop for EmptySlot {
    fn drop(&mut self) {
        let slot = slot();
        slot.phase.set(Phase::Ended);
        slot.pool.close();
        // There is no root to take if `std::process::exit` was called inside a scope: then it is
        // on the stack, and the process ends with it.
        if let Some(root) = slot.take_root() {
            let (inherited, rest) = root.into_parts();
            // A panic in the destructor of a thread-local would abort the process.
            quietly(|| drop(inherited));
            quietly(|| drop(rest));
        }
    }
}
