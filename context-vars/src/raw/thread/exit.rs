//! The end of a thread, and of its state.

use super::state::{Phase, ThreadState, thread_state};
use crate::raw::abort::ignore_panic;

thread_local! {
    static EXIT: EmptyRoot = const { EmptyRoot };
}

impl ThreadState {
    /// Arranges at the first call that the thread's root is emptied when the thread ends.
    #[inline]
    pub(super) fn make_live(&self) {
        if self.phase.get() == Phase::Fresh {
            self.register_exit();
        }
    }

    /// Returns `true` if a value that is set now will be dropped in time. In the root of a thread that has
    /// ended, the value would leak.
    #[inline]
    pub(super) fn accepts_values(&self) -> bool {
        self.phase.get() == Phase::Live || self.accepts_values_slow()
    }

    #[cold]
    fn accepts_values_slow(&self) -> bool {
        self.make_live();
        self.phase.get() == Phase::Live || !self.is_root()
    }

    #[cold]
    fn register_exit(&self) {
        let phase = match EXIT.try_with(|_| ()) {
            Ok(()) => Phase::Live,
            // The thread has already destroyed its other thread-locals.
            Err(_) => Phase::Ended,
        };
        self.phase.set(phase);
        if phase == Phase::Live {
            self.heap.pool.open();
        }
    }
}

/// A thread-local whose destructor empties the root when the thread ends.
struct EmptyRoot;

impl Drop for EmptyRoot {
    fn drop(&mut self) {
        let thread = thread_state();
        // Attached contexts end first, because a value that their `Drop`s set in the root is then
        // dropped with the root.
        thread.end_attached();
        thread.phase.set(Phase::Ended);
        thread.heap.pool.close();
        // If `std::process::exit` was called inside a scope, the root is on the stack, and the
        // process ends with it.
        if let Some(root) = thread.take_root() {
            let (map, extra) = root.into_parts();
            // A panic in the destructor of a thread-local would abort the process.
            ignore_panic(|| drop(map));
            ignore_panic(|| drop(extra));
        }
    }
}
