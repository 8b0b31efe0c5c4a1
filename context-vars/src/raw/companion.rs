//! The companion's state that inheriting work carries in addition to its context.
//!
//! A context is data: it can be copied, sent and read. In contrast, the state that `tracing` or
//! OpenTelemetry keeps in a thread-local can only be captured, entered and left. It is captured where
//! work is wrapped to inherit, and is never part of a [`Context`](crate::Context). Without the feature
//! `companion` there is no such state, and nothing in this file takes memory or time.

#[cfg(not(feature = "companion"))]
pub(crate) use self::absent::{CompanionGuard, CompanionState};
#[cfg(feature = "companion")]
pub(crate) use self::installed::{
    CompanionGuard, CompanionState, ErasedCompanion, ErasedGuard, ErasedState, install,
};

#[cfg(not(feature = "companion"))]
mod absent {
    #[derive(Clone)]
    pub(crate) struct CompanionState;

    impl CompanionState {
        /// The state of work that runs in whatever state its thread has.
        pub(crate) const NONE: Self = Self;

        #[inline]
        pub(crate) fn capture() -> Self {
            Self
        }

        /// Calls `step` inside the captured state.
        #[inline(always)]
        pub(crate) fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R {
            step()
        }

        /// Enters the captured state until the guard is dropped.
        #[inline]
        pub(crate) fn enter(&self) -> CompanionGuard {
            CompanionGuard::NONE
        }
    }

    pub(crate) struct CompanionGuard;

    impl CompanionGuard {
        pub(crate) const NONE: Self = Self;
    }
}

#[cfg(feature = "companion")]
mod installed {
    use core::mem::{self, ManuallyDrop};
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::{Arc, OnceLock};

    /// A companion whose type is erased, which captures the state of the current thread.
    pub(crate) trait ErasedCompanion: Send + Sync {
        fn capture(&'static self) -> Option<Box<dyn ErasedState>>;
    }

    /// Captured state whose type is erased.
    ///
    /// The state does not make work less safe to unwind through, because it is only entered and left,
    /// and left even when a step panics.
    pub(crate) trait ErasedState: Send + Sync + UnwindSafe + RefUnwindSafe {
        /// Calls `step` once, inside the state.
        fn in_scope(&self, step: &mut dyn FnMut());
        fn enter(&self) -> Box<dyn ErasedGuard + '_>;
    }

    /// A guard that leaves the state when it is dropped.
    pub(crate) trait ErasedGuard {}

    impl<T> ErasedGuard for T {}

    static COMPANION: OnceLock<Box<dyn ErasedCompanion>> = OnceLock::new();

    /// Installs `companion` for the process. Returns `false` if a companion is installed already.
    pub(crate) fn install(companion: impl ErasedCompanion + 'static) -> bool {
        COMPANION.set(Box::new(companion)).is_ok()
    }

    /// The state that was captured where the work was wrapped.
    ///
    /// The box inside the `Arc` reduces it to one word in the work that carries it.
    #[derive(Clone)]
    pub(crate) struct CompanionState(Option<Captured>);

    type Captured = Arc<Box<dyn ErasedState>>;

    impl CompanionState {
        /// The state of work that runs in whatever state its thread has.
        pub(crate) const NONE: Self = Self(None);

        /// Captures the current state of this thread with the installed companion, if there is one.
        #[inline]
        pub(crate) fn capture() -> Self {
            match COMPANION.get() {
                None => Self::NONE,
                Some(companion) => Self::capture_by(companion.as_ref()),
            }
        }

        #[inline(never)]
        fn capture_by(companion: &'static dyn ErasedCompanion) -> Self {
            Self(companion.capture().map(Arc::new))
        }

        /// Calls `step` inside the captured state.
        #[inline(always)]
        pub(crate) fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R {
            match &self.0 {
                None => step(),
                Some(state) => in_scope(&***state, step),
            }
        }

        /// Enters the captured state until the guard is dropped.
        #[inline]
        pub(crate) fn enter(&self) -> CompanionGuard {
            CompanionGuard(self.0.as_ref().map(EnteredState::new))
        }
    }

    #[inline(never)]
    fn in_scope<R>(state: &dyn ErasedState, step: impl FnOnce() -> R) -> R {
        let mut step = Some(step);
        let mut result = None;
        state.in_scope(&mut || result = step.take().map(|step| step()));
        let Some(result) = result else {
            unreachable!("`in_scope` calls the step once");
        };
        result
    }

    /// A guard that leaves the captured state when it is dropped, for callers that have no closure.
    pub(crate) struct CompanionGuard(#[allow(dead_code)] Option<EnteredState>); // held

    impl CompanionGuard {
        pub(crate) const NONE: Self = Self(None);
    }

    /// A guard and what it borrows from.
    struct EnteredState {
        guard: ManuallyDrop<Box<dyn ErasedGuard>>,
        /// Keeps the state alive until the guard has been dropped.
        _state: Captured,
    }

    impl EnteredState {
        fn new(state: &Captured) -> Self {
            let state = Arc::clone(state);
            let guard: Box<dyn ErasedGuard + '_> = state.enter();
            // SAFETY: Only the lifetime changes. The guard borrows from what the `Arc` points to,
            // which does not move and lives as long as `_state`; `Drop` drops the guard first.
            let guard = unsafe {
                mem::transmute::<Box<dyn ErasedGuard + '_>, Box<dyn ErasedGuard + 'static>>(guard)
            };
            Self {
                guard: ManuallyDrop::new(guard),
                _state: state,
            }
        }
    }

    impl Drop for EnteredState {
        fn drop(&mut self) {
            // SAFETY: The guard is dropped here and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.guard) };
        }
    }
}
