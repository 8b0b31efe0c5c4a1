//! What goes along beside a context: state of others that is bound to the thread.
//!
//! A context is data and can be copied, sent and looked at. What tracing or OpenTelemetry keep in
//! thread-locals of their own can only be taken, entered and left. It is taken where work is
//! wrapped to inherit, and never part of a [`Context`](crate::Context). Without the feature
//! `companion` there is no such state, and all of this is nothing.

#[cfg(feature = "companion")]
pub(crate) use self::installed::{Held, Source, Taken, install};

/// What was taken where the work was wrapped.
#[derive(Clone)]
pub(crate) struct Beside {
    /// One word, so that wrapped work stays small.
    #[cfg(feature = "companion")]
    taken: Option<std::sync::Arc<installed::Captured>>,
}

/// Leaves, when it is dropped, what was entered.
pub(crate) struct Inside<'a> {
    #[cfg(feature = "companion")]
    _held: Option<Box<dyn Held + 'a>>,
    #[cfg(not(feature = "companion"))]
    _held: core::marker::PhantomData<&'a ()>,
}

#[cfg(not(feature = "companion"))]
impl Beside {
    pub(crate) const NOTHING: Self = Self {};

    #[inline]
    pub(crate) fn take() -> Self {
        Self::NOTHING
    }

    #[inline(always)]
    pub(crate) fn is_nothing(&self) -> bool {
        true
    }

    #[inline(always)]
    pub(crate) fn around<R>(&self, step: impl FnOnce() -> R) -> R {
        step()
    }

    #[inline]
    pub(crate) fn enter(&self) -> Inside<'_> {
        Inside {
            _held: core::marker::PhantomData,
        }
    }
}

#[cfg(feature = "companion")]
impl Beside {
    pub(crate) const NOTHING: Self = Self { taken: None };

    /// Takes what the installed companion, if there is one, finds on this thread now.
    #[inline]
    pub(crate) fn take() -> Self {
        Self {
            taken: installed::capture(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_nothing(&self) -> bool {
        self.taken.is_none()
    }

    /// Does `step` inside what was taken.
    #[inline(always)]
    pub(crate) fn around<R>(&self, step: impl FnOnce() -> R) -> R {
        match &self.taken {
            None => step(),
            Some(captured) => captured.around(step),
        }
    }

    /// Enters what was taken, for generated code that has no closure of the step.
    #[inline]
    pub(crate) fn enter(&self) -> Inside<'_> {
        let held = self.taken.as_ref().map(|captured| captured.enter());
        Inside { _held: held }
    }
}

#[cfg(feature = "companion")]
mod installed {
    //! The companion of this process, with its types erased.

    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::{Arc, OnceLock};

    /// Takes state from the thread it is called on.
    pub(crate) trait Source: Send + Sync {
        fn capture(&'static self) -> Option<Box<dyn Taken>>;
    }

    /// State that was taken.
    pub(crate) trait Taken: Send + Sync {
        /// Calls `step` once, inside.
        fn around(&self, step: &mut dyn FnMut());
        fn enter(&self) -> Box<dyn Held + '_>;
    }

    /// Whatever leaves the state when it is dropped.
    pub(crate) trait Held {}

    impl<T> Held for T {}

    /// In a box of its own, because a pointer to it has to be one word.
    pub(crate) struct Captured(Box<dyn Taken>);

    // Wrapped work is as safe to unwind through as the work itself: what is taken is only ever
    // entered and left, on every way out.
    impl UnwindSafe for Captured {}
    impl RefUnwindSafe for Captured {}

    static COMPANION: OnceLock<Box<dyn Source>> = OnceLock::new();

    /// Whether `source` is the first and became the companion of this process.
    pub(crate) fn install(source: impl Source + 'static) -> bool {
        COMPANION.set(Box::new(source)).is_ok()
    }

    #[inline]
    pub(super) fn capture() -> Option<Arc<Captured>> {
        capture_by(COMPANION.get()?.as_ref())
    }

    #[inline(never)]
    fn capture_by(source: &'static dyn Source) -> Option<Arc<Captured>> {
        source.capture().map(|taken| Arc::new(Captured(taken)))
    }

    impl Captured {
        #[inline(never)]
        pub(super) fn around<R>(&self, step: impl FnOnce() -> R) -> R {
            let mut step = Some(step);
            let mut result = None;
            self.0
                .around(&mut || result = step.take().map(|step| step()));
            let Some(result) = result else {
                unreachable!("the step is done once");
            };
            result
        }

        #[inline(never)]
        pub(super) fn enter(&self) -> Box<dyn Held + '_> {
            self.0.enter()
        }
    }
}
