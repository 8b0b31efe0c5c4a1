//! `Scope`: a future with a scope around it.

use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::raw::carried::Carried;
use crate::raw::companion::CompanionGuard;
use crate::raw::context::RawContext;
use crate::raw::stage::Stage;
use crate::raw::thread;
use crate::raw::value::Value;

pin_project! {
    /// A future with a scope around it; see [`ContextVar::scope`](crate::ContextVar::scope).
    ///
    /// It forms its context at its first poll, from the one that polls it then, and keeps it for
    /// all later polls. If it is never polled, it never forms one.
    ///
    /// # Cost
    ///
    /// Four words in addition to the future. The first poll makes a node
    /// and counts the values taken over; the others are as [`InContext`]'s. Dropping work that is not
    /// finished allocates once, also if it was never polled.
    ///
    /// # Examples
    ///
    /// Named in a field:
    ///
    /// ```
    /// use context_vars::{Scope, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// struct Request<F> {
    ///     work: Scope<F>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let request = Request { work: USER.scope("alice", async { USER.get() }) };
    /// assert_eq!(request.work.await, "alice");
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Scope<F> {
        #[pin]
        stage: Stage<F, Init>,
    }
}

/// How the first poll creates the scope's context. A scope carries this in the place of a companion's
/// state.
enum Init {
    /// As a copy of the current context, in which this value is set.
    Copy(Option<Value>),
    /// It exists, but for the `#[no_inherit]` variables of the poller.
    Locals,
    /// It was created.
    Done,
}

impl Init {
    #[inline(never)]
    fn init(self, context: &mut RawContext) {
        match self {
            Self::Copy(Some(value)) => *context = thread::copy_with(value),
            Self::Copy(None) => *context = thread::copy(),
            Self::Locals => thread::adopt_locals(context),
            Self::Done => {}
        }
    }
}

impl Carried for Init {
    const NONE: Self = Self::Done;

    #[inline(always)]
    fn in_scope<R>(&self, step: impl FnOnce() -> R) -> R {
        step()
    }

    #[inline(always)]
    fn prepare(&mut self, context: &mut RawContext) {
        if !matches!(self, Self::Done) {
            mem::replace(self, Self::Done).init(context);
        }
    }

    /// Nothing is left to carry, so that no drop of a value is compiled for each future.
    #[inline(always)]
    fn take_ready(&mut self) -> Self {
        debug_assert!(matches!(self, Self::Done), "the poll has prepared it");
        Self::Done
    }

    /// Work that was never polled has no context, and is dropped in the current one.
    fn enter_for_drop(&mut self, context: &mut RawContext) {
        match mem::replace(self, Self::Done) {
            Self::Copy(value) => thread::stay_for_drop(value),
            Self::Locals | Self::Done => {
                thread::enter_for_drop(context.take(), || CompanionGuard::NONE);
            }
        }
    }
}

impl<F> Scope<F> {
    #[inline]
    pub(crate) fn new(future: F, value: Option<Value>) -> Self {
        Self {
            stage: Stage::new(future, RawContext::EMPTY, Init::Copy(value)),
        }
    }

    /// Creates a scope that sets nothing by itself.
    #[inline]
    pub(crate) fn isolating(future: F) -> Self {
        Self::new(future, None)
    }

    /// Calls `f` in a copy of the current context, in which the future that it returns goes on.
    ///
    /// For functions that return a future: their eager part and the future share one scope. The
    /// poller is not known yet, so the future gets the `#[no_inherit]` variables of whichever
    /// context polls it first.
    #[inline]
    pub(crate) fn call(f: impl FnOnce() -> F) -> Self {
        let mut context = thread::copy();
        let work = thread::run_in(&mut context, f);
        thread::remove_locals(&mut context);
        Self {
            stage: Stage::new(work, context, Init::Locals),
        }
    }

    /// Lets the scope set `value`; to be called before its first poll.
    #[cfg(feature = "deadline")]
    pub(crate) fn init_with(self: Pin<&mut Self>, value: Value) {
        if let Some(init) = self.project().stage.carried_mut() {
            *init = Init::Copy(Some(value));
        }
    }

    /// Returns the future, to be read from outside its context, until it is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&F> {
        self.stage.work()
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        self.project().stage.poll(cx)
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
