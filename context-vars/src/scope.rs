//! `Scope`: a future with a scope around it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::raw::companion::NoCompanion;
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
    /// and counts the values taken over; the others are as [`InContext`]'s.
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
        stage: Stage<F, NoCompanion>,
        init: Option<Init>,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(Init::Copy(_)) = this.init {
                this.stage.drop_work();
            } else {
                this.stage.finish();
            }
        }
    }
}

/// How the first poll creates the scope's context.
enum Init {
    /// As a copy of the current context, in which this value is set.
    Copy(Option<Value>),
    /// It exists, but for the `#[no_inherit]` variables of the poller.
    Locals,
}

impl<F> Scope<F> {
    #[inline]
    pub(crate) fn new(future: F, value: Option<Value>) -> Self {
        Self {
            stage: Stage::new(future, RawContext::EMPTY, NoCompanion),
            init: Some(Init::Copy(value)),
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
            stage: Stage::new(work, context, NoCompanion),
            init: Some(Init::Locals),
        }
    }

    /// Lets the scope set `value`; to be called before its first poll.
    #[cfg(feature = "deadline")]
    pub(crate) fn init_with(self: Pin<&mut Self>, value: Value) {
        *self.project().init = Some(Init::Copy(Some(value)));
    }

    /// Returns the future, to be read from outside its context, until it is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&F> {
        self.stage.work()
    }
}

/// Creates the scope's context out of the current one.
#[inline(never)]
fn init_context<F>(stage: Pin<&mut Stage<F, NoCompanion>>, init: &mut Option<Init>) {
    if let (Some(context), Some(init)) = (stage.context(), init.take()) {
        match init {
            Init::Copy(Some(value)) => *context = thread::copy_with(value),
            Init::Copy(None) => *context = thread::copy(),
            Init::Locals => thread::adopt_locals(context),
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if this.init.is_some() {
            init_context(this.stage.as_mut(), this.init);
        }
        this.stage.poll(cx)
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
