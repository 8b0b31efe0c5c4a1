//! The companion's state that inheriting work carries beside its context.
//!
//! A context is data: it can be copied, sent and read. What `tracing` or OpenTelemetry keep in
//! thread-locals of their own can only be captured, entered and left. It is captured where work is
//! wrapped to inherit, and is never part of a [`Context`](crate::Context). Without the feature
//! `companion` there is no such state, and nothing in this file takes memory or time.

#[cfg(not(feature = "companion"))]
pub(crate) use self::absent::{CompanionGuard, CompanionState, WithCompanion};
#[cfg(feature = "companion")]
pub(crate) use self::installed::{
    CompanionGuard, CompanionState, ErasedCompanion, ErasedGuard, ErasedState, WithCompanion,
    install,
};

use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll};

impl<F: Future> Future for WithCompanion<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        self.run_pinned(|work| work.poll(cx))
    }
}

#[cfg(not(feature = "companion"))]
mod absent {
    use core::marker::PhantomData;
    use core::pin::Pin;

    #[derive(Clone)]
    pub(crate) struct CompanionState;

    impl CompanionState {
        pub(crate) const NONE: Self = Self;

        #[inline]
        pub(crate) fn capture() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R {
            step()
        }

        #[inline]
        pub(crate) fn enter(&self) -> CompanionGuard<'_> {
            CompanionGuard(PhantomData)
        }
    }

    pub(crate) struct CompanionGuard<'a>(PhantomData<&'a ()>);

    pin_project_lite::pin_project! {
        /// The work itself.
        pub(crate) struct WithCompanion<F> {
            #[pin]
            work: F,
        }
    }

    impl<F> WithCompanion<F> {
        #[inline]
        pub(crate) fn new(work: F, _: CompanionState) -> Self {
            Self { work }
        }

        #[cfg(feature = "http")]
        #[inline]
        pub(crate) fn state(&self) -> CompanionState {
            CompanionState
        }

        #[cfg(feature = "stream")]
        pub(crate) fn work(&self) -> &F {
            &self.work
        }

        #[inline(always)]
        pub(crate) fn run_pinned<R>(
            self: Pin<&mut Self>,
            step: impl FnOnce(Pin<&mut F>) -> R,
        ) -> R {
            step(self.project().work)
        }

        #[inline(always)]
        pub(crate) fn run_mut<R>(&mut self, step: impl FnOnce(&mut F) -> R) -> R {
            step(&mut self.work)
        }

        #[inline(always)]
        pub(crate) fn run_ref<R>(&self, step: impl FnOnce(&F) -> R) -> R {
            step(&self.work)
        }

        #[inline(always)]
        pub(crate) fn run_once<R>(self, step: impl FnOnce(F) -> R) -> R {
            step(self.work)
        }
    }
}

#[cfg(feature = "companion")]
mod installed {
    use core::mem::ManuallyDrop;
    use core::pin::Pin;
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::{Arc, OnceLock};

    /// Captures state of the thread that it is called on.
    pub(crate) trait ErasedCompanion: Send + Sync {
        fn capture(&'static self) -> Option<Box<dyn ErasedState>>;
    }

    /// Captured state.
    ///
    /// Work that carries it is as safe to unwind through as without it, because the state is only
    /// ever entered and left, on every way out.
    pub(crate) trait ErasedState: Send + Sync + UnwindSafe + RefUnwindSafe {
        /// Calls `step` once, inside.
        fn in_scope(&self, step: &mut dyn FnMut());
        fn enter(&self) -> Box<dyn ErasedGuard + '_>;
    }

    /// Leaves the state when it is dropped.
    pub(crate) trait ErasedGuard {}

    impl<T> ErasedGuard for T {}

    static COMPANION: OnceLock<Box<dyn ErasedCompanion>> = OnceLock::new();

    /// Makes `companion` that of the process. Returns false if there is one already.
    pub(crate) fn install(companion: impl ErasedCompanion + 'static) -> bool {
        COMPANION.set(Box::new(companion)).is_ok()
    }

    /// What was captured where the work was wrapped.
    ///
    /// The box inside the `Arc` makes it one word in the work that carries it.
    #[derive(Clone)]
    pub(crate) struct CompanionState(Option<Arc<Box<dyn ErasedState>>>);

    impl CompanionState {
        pub(crate) const NONE: Self = Self(None);

        /// Captures what the installed companion, if there is one, finds on this thread now.
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

        /// Enters the captured state, for generated code that has no closure of the step.
        #[inline]
        pub(crate) fn enter(&self) -> CompanionGuard<'_> {
            CompanionGuard {
                _guard: self.0.as_ref().map(|state| state.enter()),
            }
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

    /// Leaves the captured state when it is dropped.
    pub(crate) struct CompanionGuard<'a> {
        _guard: Option<Box<dyn ErasedGuard + 'a>>,
    }

    /// Work that carries captured state: each step runs inside it, and the work is dropped inside.
    pub(crate) struct WithCompanion<F> {
        /// Dropped by `Drop`, and structurally pinned.
        work: ManuallyDrop<F>,
        state: CompanionState,
    }

    impl<F> WithCompanion<F> {
        #[inline]
        pub(crate) fn new(work: F, state: CompanionState) -> Self {
            let work = ManuallyDrop::new(work);
            Self { work, state }
        }

        #[cfg(feature = "http")]
        #[inline]
        pub(crate) fn state(&self) -> CompanionState {
            self.state.clone()
        }

        #[cfg(feature = "stream")]
        pub(crate) fn work(&self) -> &F {
            &self.work
        }

        #[inline(always)]
        pub(crate) fn run_pinned<R>(
            self: Pin<&mut Self>,
            step: impl FnOnce(Pin<&mut F>) -> R,
        ) -> R {
            // SAFETY: Nothing is moved out of the reference.
            let this = unsafe { self.get_unchecked_mut() };
            // SAFETY: `work` is pinned as `self` is. `Drop` drops it in place, only `run_once` moves
            // it, which needs a value that was never pinned, and `Unpin` asks for `F: Unpin`.
            let work = unsafe { Pin::new_unchecked(&mut *this.work) };
            this.state.in_scope(|| step(work))
        }

        #[inline(always)]
        pub(crate) fn run_mut<R>(&mut self, step: impl FnOnce(&mut F) -> R) -> R {
            self.state.in_scope(|| step(&mut self.work))
        }

        #[inline(always)]
        pub(crate) fn run_ref<R>(&self, step: impl FnOnce(&F) -> R) -> R {
            self.state.in_scope(|| step(&self.work))
        }

        #[inline]
        pub(crate) fn run_once<R>(self, step: impl FnOnce(F) -> R) -> R {
            let mut this = ManuallyDrop::new(self);
            let state = core::mem::replace(&mut this.state, CompanionState::NONE);
            // SAFETY: `this` is not used afterwards, so the work is taken once and never dropped
            // there. What is left of it, an empty state, needs no drop.
            let work = unsafe { ManuallyDrop::take(&mut this.work) };
            state.in_scope(|| step(work))
        }
    }

    impl<F> Drop for WithCompanion<F> {
        #[inline]
        fn drop(&mut self) {
            /// Drops the work also if entering the state panics.
            struct DropWork<'a, F>(&'a mut ManuallyDrop<F>);
            impl<F> Drop for DropWork<'_, F> {
                #[inline]
                fn drop(&mut self) {
                    // SAFETY: It is created once, when the work will not be used any more.
                    unsafe { ManuallyDrop::drop(self.0) };
                }
            }
            let work = DropWork(&mut self.work);
            self.state.in_scope(move || drop(work));
        }
    }
}
