//! `Scope`: a future that runs in a scope.

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
    /// A future that runs in a scope; see [`ContextVar::scope`](crate::ContextVar::scope).
    ///
    /// The first poll copies the context in which it is made, and all later polls use that copy. A
    /// future that is never polled copies no context.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after it has completed.
    ///
    /// # Cost
    ///
    /// Four words in addition to the future. The first poll creates a node and increments the reference
    /// counts of the values that the scope takes over. Later polls cost as much as those of
    /// [`InContext`]. Dropping work that is not finished allocates once, even
    /// if it was never polled.
    ///
    /// # Examples
    ///
    /// A scope as the field of a struct:
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

/// The way in which the first poll creates the scope's context. A scope carries this instead of the state
/// of a companion.
enum Init {
    /// The context becomes a copy of the current context, in which this value is set.
    Copy(Option<Value>),
    /// The context exists and lacks only the `#[no_inherit]` variables of the poller.
    Locals,
    /// The context is complete.
    Done,
}

impl Init {
    #[inline(never)]
    fn init(self, context: &mut RawContext) {
        match self {
            Self::Copy(Some(value)) => *context = thread::copy_with(value),
            Self::Copy(None) => *context = thread::copy_for_scope(),
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

    /// Returns `Done`, because a scope that is ready carries no value. With a constant the compiler does not
    /// generate the drop of a value for each future.
    #[inline(always)]
    fn take_ready(&mut self) -> Self {
        debug_assert!(matches!(self, Self::Done), "the poll has prepared it");
        Self::Done
    }

    /// Work that was never polled has no context, and is dropped in the current one.
    // Not inlined, because the caller is compiled again in each codegen unit that has a scope.
    #[inline(never)]
    fn enter_for_drop(self, context: RawContext) {
        match self {
            Self::Copy(value) => thread::stay_for_drop(value),
            Self::Locals | Self::Done => {
                thread::enter_for_drop(context, || CompanionGuard::NONE);
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

    /// Calls `f` in a copy of the current context, and wraps the future that `f` returns in that copy.
    ///
    /// This is for functions that return a future: the code before the future and the future share one
    /// scope. The future gets the `#[no_inherit]` variables of the context that polls it first, because
    /// that context is not known at the call.
    #[inline]
    pub(crate) fn call(f: impl FnOnce() -> F) -> Self {
        let mut context = thread::copy_for_scope();
        let work = thread::run_in(&mut context, f);
        thread::remove_locals(&mut context);
        Self {
            stage: Stage::new(work, context, Init::Locals),
        }
    }

    /// Adds `value` to the scope. Must be called before the first poll.
    #[cfg(feature = "deadline")]
    pub(crate) fn init_with(self: Pin<&mut Self>, value: Value) {
        if let Some(init) = self.project().stage.carried_mut() {
            *init = Init::Copy(Some(value));
        }
    }

    /// Returns the future for a read outside of its context, or `None` once the future is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&F> {
        self.stage.work()
    }
}

/// Wraps a future in a scope that sets nothing by itself.
// Repeats the body of `Scope::new` instead of calling it, because a debug build compiles each
// generic function again for each future.
#[inline]
pub fn isolating<F>(future: F) -> Scope<F> {
    Scope {
        stage: Stage::new(future, RawContext::EMPTY, Init::Copy(None)),
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
