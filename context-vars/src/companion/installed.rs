//! The trait of companions, and the companion that the process has installed.

use core::error::Error;
use core::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::raw::companion::{self as erased, ErasedCompanion, ErasedGuard, ErasedState};

/// The operations that capture thread-bound state of a library and enter it elsewhere.
///
/// The [module](super) has an example. A pair of companions is a companion too, entered from left to
/// right and exited from right to left: `install((TracingSpan, OtelContext))`.
///
/// The methods run inside the context of the work, so their log lines have the work's variables. The
/// state of a future, or of a closure that is called once, is also dropped inside that context. The
/// methods must not wrap work that inherits, because that would capture the state again, without end.
///
/// # Examples
///
/// A companion for a library that keeps its state in a thread-local:
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
/// companion::install(Depth).expect("no other companion");
/// DEPTH.set(3);
/// let work = inherit(|| DEPTH.get());
/// assert_eq!(std::thread::spawn(work).join().unwrap(), 3);
/// # }
/// ```
pub trait Companion: Send + Sync + 'static {
    /// The state that is captured where work is wrapped.
    type State: Send + Sync + 'static;

    /// The guard that exits the state when it is dropped, on the thread that entered the state.
    type Guard<'a>: 'a;

    /// Captures the state of the current thread; returns `None` if there is no state to enter.
    ///
    /// Called where work is wrapped. Work for which this returns `None` runs in whatever state its thread
    /// has. To hide that state from the work, return a state that represents "none".
    fn capture(&self) -> Option<Self::State>;

    /// Makes `state` the state of this thread until the guard is dropped.
    ///
    /// Called for each step, and before the work is dropped. If the work can be called on several threads
    /// at once, so can this.
    fn enter<'a>(&'a self, state: &'a Self::State) -> Self::Guard<'a>;
}

impl<A: Companion, B: Companion> Companion for (A, B) {
    type State = (Option<A::State>, Option<B::State>);
    // The guard of `B` is first, because fields are dropped in order and `B` was entered last.
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

/// Installs `companion` for the whole process, for all work that is wrapped from now on.
///
/// A companion cannot be removed or replaced. Call this in a program and never in a library, because
/// the choice belongs to the program that uses the library.
///
/// # Errors
///
/// Returns an error if a companion is installed already. That companion then stays installed.
///
/// # Examples
///
/// A second companion is rejected:
///
/// ```
/// # #[cfg(feature = "tracing")] {
/// use context_vars::companion::{self, TracingSpan};
///
/// companion::install(TracingSpan).expect("no other companion");
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

/// The error returned when the process has a companion already.
///
/// # Examples
///
/// A program that can continue without its companion:
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

/// A captured state together with its companion.
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
