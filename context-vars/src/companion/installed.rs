//! What a companion is, and the one that the process has.

use core::error::Error;
use core::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::raw::companion::{self as erased, ErasedCompanion, ErasedGuard, ErasedState};

/// Knows how to take thread-bound state of a library, and how to enter it elsewhere.
///
/// The [module](super) has an example. A pair of companions is one too, entered from left to
/// right and left the other way round: `install((TracingSpan, OtelContext))`.
///
/// Its methods run inside the context of the work, so that what they log has the work's variables;
/// the state of a future or of a closure that is called once is dropped inside it, too.
/// They must not wrap work that inherits: that would take the state again, for ever.
///
/// # Examples
///
/// For a library that keeps its state in a thread-local:
///
/// ```
/// use std::cell::Cell;
/// use context_vars::{companion, companion::Companion, inherit};
///
/// thread_local! {
///     static DEPTH: Cell<u32> = const { Cell::new(0) };
/// }
///
/// struct Depth;
/// struct Back(u32);
///
/// impl Companion for Depth {
///     type State = u32;
///     type Guard<'a> = Back;
///
///     fn capture(&self) -> Option<u32> {
///         Some(DEPTH.get())
///     }
///     fn enter(&self, depth: &u32) -> Back {
///         Back(DEPTH.replace(*depth))
///     }
/// }
///
/// impl Drop for Back {
///     fn drop(&mut self) {
///         DEPTH.set(self.0);
///     }
/// }
///
/// # fn main() {
/// companion::install(Depth).expect("nobody else does");
/// DEPTH.set(3);
/// let work = inherit(|| DEPTH.get());
/// assert_eq!(std::thread::spawn(work).join().unwrap(), 3);
/// # }
/// ```
pub trait Companion: Send + Sync + 'static {
    /// What is taken where work is wrapped.
    type State: Send + Sync + 'static;

    /// What leaves the state again when it is dropped, on the thread that entered it.
    type Guard<'a>: 'a;

    /// Takes the state of the thread that this is called on; `None` if there is nothing to enter.
    ///
    /// Called where work is wrapped. Work for which it says `None` runs in whatever state its
    /// thread has: to replace that by nothing, return a state that says so.
    ///
    /// # Examples
    ///
    /// Outside of any span there is nothing to enter:
    ///
    /// ```
    /// # #[cfg(feature = "tracing")] {
    /// use context_vars::companion::{Companion, TracingSpan};
    ///
    /// assert!(TracingSpan.capture().is_none());
    /// # }
    /// ```
    fn capture(&self) -> Option<Self::State>;

    /// Makes `state` that of this thread until the guard is dropped.
    ///
    /// Called for each step, and before the work is dropped; on many threads at once if the work
    /// can be called on many.
    ///
    /// # Examples
    ///
    /// By hand, for one step:
    ///
    /// ```
    /// # #[cfg(feature = "tracing")] {
    /// # tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    /// use context_vars::companion::{Companion, TracingSpan};
    ///
    /// let span = tracing::info_span!("request");
    /// let state = span.in_scope(|| TracingSpan.capture()).expect("there is a span");
    ///
    /// let guard = TracingSpan.enter(&state);
    /// assert_eq!(tracing::Span::current(), span);
    /// drop(guard);
    /// assert!(tracing::Span::current().is_none());
    /// # }
    /// ```
    fn enter<'a>(&'a self, state: &'a Self::State) -> Self::Guard<'a>;
}

impl<A: Companion, B: Companion> Companion for (A, B) {
    type State = (Option<A::State>, Option<B::State>);
    // What was entered last is the first to be dropped.
    type Guard<'a> = (Option<B::Guard<'a>>, Option<A::Guard<'a>>);

    fn capture(&self) -> Option<Self::State> {
        let state = (self.0.capture(), self.1.capture());
        (state.0.is_some() || state.1.is_some()).then_some(state)
    }

    fn enter<'a>(&'a self, state: &'a Self::State) -> Self::Guard<'a> {
        let first = state.0.as_ref().map(|state| self.0.enter(state));
        let second = state.1.as_ref().map(|state| self.1.enter(state));
        (second, first)
    }
}

/// Makes `companion` that of the process, for all work that is wrapped from now on.
///
/// This is for programs; a library leaves it to the program that it becomes part of. It cannot be
/// taken back.
///
/// # Errors
///
/// If there is one already; nothing has changed then.
///
/// # Examples
///
/// A second one is refused:
///
/// ```
/// # #[cfg(feature = "tracing")] {
/// use context_vars::companion::{self, TracingSpan};
///
/// companion::install(TracingSpan).expect("nobody else does");
/// assert!(companion::install(TracingSpan).is_err());
/// # }
/// ```
pub fn install(companion: impl Companion) -> Result<(), InstallError> {
    if erased::install(Installed(companion)) {
        Ok(())
    } else {
        Err(InstallError {})
    }
}

/// The process has a companion already.
///
/// # Examples
///
/// In a program that can go on without:
///
/// ```
/// # #[cfg(feature = "tracing")] {
/// use context_vars::companion::{self, InstallError, TracingSpan};
///
/// fn let_spans_follow() -> Result<(), InstallError> {
///     companion::install(TracingSpan)
/// }
///
/// if let Err(error) = let_spans_follow() {
///     eprintln!("spans do not follow: {error}");
/// }
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct InstallError {}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a companion is installed already; two can be installed together, as a pair")
    }
}

impl Error for InstallError {}

struct Installed<C>(C);

/// A state beside the companion that knows what to do with it.
struct CapturedState<C: Companion> {
    companion: &'static C,
    state: C::State,
}

impl<C: Companion> UnwindSafe for CapturedState<C> {}
impl<C: Companion> RefUnwindSafe for CapturedState<C> {}

impl<C: Companion> ErasedCompanion for Installed<C> {
    fn capture(&'static self) -> Option<Box<dyn ErasedState>> {
        let companion = &self.0;
        let state = companion.capture()?;
        Some(Box::new(CapturedState { companion, state }))
    }
}

impl<C: Companion> ErasedState for CapturedState<C> {
    fn in_scope(&self, step: &mut dyn FnMut()) {
        let _guard = self.companion.enter(&self.state);
        step();
    }

    fn enter(&self) -> Box<dyn ErasedGuard + '_> {
        Box::new(self.companion.enter(&self.state))
    }
}
