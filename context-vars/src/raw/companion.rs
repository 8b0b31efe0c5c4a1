//! What goes along beside a context: state of others that is bound to the thread.
//!
//! A context is data and can be copied, sent and looked at. What tracing or OpenTelemetry keep in
//! thread-locals of their own can only be taken, entered and left. It is taken where work is
//! wrapped to inherit, and never part of a [`Context`](crate::Context). Without the feature
//! `companion` there is no such state, and all of this is nothing.

use core::mem;

use crate::raw::context::State;

#[cfg(feature = "companion")]
pub(crate) use self::installed::{Held, Source, Taken, install};

/// What was taken where the work was wrapped.
#[derive(Clone)]
pub(crate) struct Beside {
    #[cfg(feature = "companion")]
    taken: Option<std::sync::Arc<dyn Taken>>,
}

/// What wrapped work has of its own: a context, and what goes along.
///
/// What goes along lies in a box with the context, if there is any, so that work stays small:
/// without the feature two words, with it two words and the tag of an enum, which needs no word of
/// its own where the work leaves a gap.
pub(crate) enum Own {
    Context(State),
    #[cfg(feature = "companion")]
    Both(Box<(State, Beside)>),
}

impl Own {
    #[inline]
    pub(crate) fn new(state: State, beside: Beside) -> Self {
        if beside.is_nothing() {
            return Self::Context(state);
        }
        #[cfg(feature = "companion")]
        return Self::Both(Box::new((state, beside)));
        #[cfg(not(feature = "companion"))]
        Self::Context(state)
    }

    /// The context, if nothing goes along.
    #[inline(always)]
    pub(crate) fn context_alone(&mut self) -> Option<&mut State> {
        match self {
            Self::Context(state) => Some(state),
            #[cfg(feature = "companion")]
            Self::Both(_) => None,
        }
    }

    #[inline(always)]
    pub(crate) fn parts(&self) -> (&State, &Beside) {
        match self {
            Self::Context(state) => (state, &Beside::NOTHING),
            #[cfg(feature = "companion")]
            Self::Both(both) => (&both.0, &both.1),
        }
    }

    #[inline(always)]
    pub(crate) fn parts_mut(&mut self) -> (&mut State, &Beside) {
        match self {
            Self::Context(state) => (state, &Beside::NOTHING),
            #[cfg(feature = "companion")]
            Self::Both(both) => (&mut both.0, &both.1),
        }
    }

    #[inline(always)]
    pub(crate) fn into_parts(self) -> (State, Beside) {
        match self {
            Self::Context(state) => (state, Beside::NOTHING),
            #[cfg(feature = "companion")]
            Self::Both(both) => *both,
        }
    }

    /// Moves everything out and leaves an empty context.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::Context(State::EMPTY))
    }
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
            Some(taken) => installed::around(&**taken, step),
        }
    }

    /// Enters what was taken, for generated code that has no closure of the step.
    #[inline]
    pub(crate) fn enter(&self) -> Inside<'_> {
        let held = self.taken.as_ref().map(|taken| taken.enter());
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
        fn capture(&'static self) -> Option<Arc<dyn Taken>>;
    }

    /// State that was taken.
    ///
    /// Wrapped work is as safe to unwind through as the work itself: what is taken is only ever
    /// entered and left, on every way out.
    pub(crate) trait Taken: Send + Sync + UnwindSafe + RefUnwindSafe {
        /// Calls `step` once, inside.
        fn around(&self, step: &mut dyn FnMut());
        fn enter(&self) -> Box<dyn Held + '_>;
    }

    /// Whatever leaves the state when it is dropped.
    pub(crate) trait Held {}

    impl<T> Held for T {}

    static COMPANION: OnceLock<Box<dyn Source>> = OnceLock::new();

    /// Whether `source` is the first and became the companion of this process.
    pub(crate) fn install(source: impl Source + 'static) -> bool {
        COMPANION.set(Box::new(source)).is_ok()
    }

    #[inline]
    pub(super) fn capture() -> Option<Arc<dyn Taken>> {
        capture_by(COMPANION.get()?.as_ref())
    }

    #[inline(never)]
    fn capture_by(source: &'static dyn Source) -> Option<Arc<dyn Taken>> {
        source.capture()
    }

    #[inline(never)]
    pub(super) fn around<R>(taken: &dyn Taken, step: impl FnOnce() -> R) -> R {
        let mut step = Some(step);
        let mut result = None;
        taken.around(&mut || result = step.take().map(|step| step()));
        let Some(result) = result else {
            unreachable!("the step is done once");
        };
        result
    }
}
