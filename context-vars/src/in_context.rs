//! `InContext`, work with a context of its own, and `Scope`, a future with a scope around it.

use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::raw::companion::{Beside, Own};
use crate::raw::context::State;
use crate::raw::thread::{self as current, Entered};
use crate::raw::value::Value;

pin_project! {
    /// Work that runs in a context of its own: a future, a stream, an iterator, a closure.
    ///
    /// Every poll or step swaps the context in, does its work, and swaps it out again, also when
    /// it panics. What the work sets stays with it. The work is dropped inside its context too,
    /// whether it is finished, cancelled or was never begun; a future is dropped as soon as it is
    /// ready, anything else with the wrapper. The values go after it, outside.
    ///
    /// Made by [`ContextFutureExt`] and
    /// [`ContextIteratorExt`](crate::ContextIteratorExt).
    ///
    /// # Panics
    ///
    /// A future that is polled after it was ready, and any step after that.
    ///
    /// # Cost
    ///
    /// Two words beside the work, at most three with the feature `companion`. A poll is two
    /// thread-local accesses; no allocation and no atomic operation, whatever the number and size
    /// of the variables.
    ///
    /// # Examples
    ///
    /// Named in a field:
    ///
    /// ```
    /// use context_vars::{Context, InContext, context_var, prelude::*};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// struct Request<F> {
    ///     work: InContext<F>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let context = Context::new().with_value(&USER, "alice");
    /// let request = Request { work: async { USER.get() }.in_context(context) };
    /// assert_eq!(request.work.await, "alice");
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled, iterators nothing unless advanced"]
    pub struct InContext<F> {
        #[pin]
        stage: Stage<F>,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            this.project().stage.finish();
        }
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F> {
        Active { #[pin] work: F, own: Own },
        Done,
    }
}

impl<F> Stage<F> {
    /// Drops the work inside its context, and then the context.
    #[inline]
    fn finish(mut self: Pin<&mut Self>) {
        if let StageProjection::Active { own, .. } = self.as_mut().project() {
            let Some(state) = own.context_alone() else {
                return self.finish_beside();
            };
            // The values go when the context has been left, also if the work's drop panics.
            let _inside = Entered::new(state).for_the_last_time();
            self.set(Self::Done);
        }
    }

    /// As [`finish`](Self::finish), inside what goes along, too.
    #[inline(never)]
    fn finish_beside(mut self: Pin<&mut Self>) {
        if let StageProjection::Active { own, .. } = self.as_mut().project() {
            let (mut state, beside) = own.take().into_parts();
            let _inside = Entered::new(&mut state).for_the_last_time();
            // Also if entering what goes along panics.
            let mut finished = Finished(self);
            // Inside: the line that a span's end writes has the work's variables.
            let along = beside;
            along.around(|| finished.finish());
        }
    }

    /// The work, to look at from outside its context, until it is done.
    #[cfg(feature = "stream")]
    fn work(&self) -> Option<&F> {
        match self {
            Self::Active { work, .. } => Some(work),
            Self::Done => None,
        }
    }
}

/// Drops the work in its place, when this is dropped if not before.
struct Finished<'a, F>(Pin<&'a mut Stage<F>>);

impl<F> Finished<'_, F> {
    fn finish(&mut self) {
        self.0.set(Stage::Done);
    }
}

impl<F> Drop for Finished<'_, F> {
    fn drop(&mut self) {
        self.finish();
    }
}

impl<F: Future> Stage<F> {
    // Inlined always, with the polls that call it: saving the registers of a frame of its own
    // would cost as much as the swap.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let StageProjection::Active { work, own } = self.as_mut().project() else {
            after_completion();
        };
        let Some(state) = own.context_alone() else {
            return self.poll_beside(cx);
        };
        let entered = Entered::new(state);
        let polled = work.poll(cx);
        if polled.is_ready() {
            // As in `finish`, without a second entering.
            let _inside = entered.for_the_last_time();
            self.set(Self::Done);
        } else {
            entered.leave();
        }
        polled
    }

    /// As [`poll`](Self::poll), inside what goes along, too.
    // Apart, so that the poll without a companion is the same code and one branch.
    #[inline(never)]
    fn poll_beside(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let StageProjection::Active { work, own } = self.as_mut().project() else {
            after_completion();
        };
        let (state, beside) = own.parts_mut();
        let entered = Entered::new(state);
        let polled = beside.around(|| work.poll(cx));
        drop(entered);
        if polled.is_ready() {
            self.finish_beside();
        }
        polled
    }
}

#[cold]
#[track_caller]
fn after_completion() -> ! {
    panic!("work in a context was polled after it had completed");
}

impl<F> InContext<F> {
    /// Gives any work a context of its own, whatever its protocol; for futures, streams and
    /// iterators `work.in_context(context)` is shorter.
    ///
    /// Step by step it is taken on by [`run_pinned`](Self::run_pinned).
    ///
    /// # Examples
    ///
    /// Where the extension traits are not imported:
    ///
    /// ```
    /// use context_vars::{Context, InContext, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let context = Context::new().with_value(&USER, "alice");
    /// assert_eq!(InContext::new(async { USER.get() }, context).await, "alice");
    /// # }
    /// ```
    #[inline]
    pub fn new(work: F, context: Context) -> Self {
        Self::beside(work, context, Beside::NOTHING)
    }

    /// As [`new`](Self::new), with a copy of the context that is current *now*; for futures,
    /// streams and iterators `work.inherit_context()` is shorter.
    ///
    /// With the feature `companion` the work also inherits the state of the installed companion,
    /// which `new(work, Context::current())` does not.
    ///
    /// # Cost
    ///
    /// As [`Context::current`].
    ///
    /// # Examples
    ///
    /// Awaited where the scope is over:
    ///
    /// ```
    /// use context_vars::{InContext, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let work = USER.sync_scope("alice", || InContext::inherit(async { USER.get() }));
    /// assert_eq!(USER.get(), "anonymous");
    /// assert_eq!(work.await, "alice");
    /// # }
    /// ```
    #[inline]
    pub fn inherit(work: F) -> Self {
        Self::beside(work, Context::current(), Beside::take())
    }

    /// Work of which everything that it inherits was taken before.
    #[inline]
    pub(crate) fn beside(work: F, context: Context, beside: Beside) -> Self {
        let own = Own::new(context.state, beside);
        Self {
            stage: Stage::Active { work, own },
        }
    }

    /// Runs one step of a pinned value in its context.
    ///
    /// This is what a wrapper of one's own needs for a protocol that this crate does not know.
    /// The context is left again on every way out of `step`.
    ///
    /// # Panics
    ///
    /// If the work is a future that was ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::{Pin, pin};
    /// use context_vars::{Context, InContext, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// trait Job {
    ///     fn step(self: Pin<&mut Self>) -> String;
    /// }
    /// # struct Report;
    /// # impl Job for Report {
    /// #     fn step(self: Pin<&mut Self>) -> String { format!("for {}", USER.get()) }
    /// # }
    ///
    /// let context = Context::new().with_value(&USER, "alice");
    /// let mut job = pin!(InContext::new(Report, context));
    /// assert_eq!(job.as_mut().run_pinned(|job| job.step()), "for alice");
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_pinned<R>(self: Pin<&mut Self>, step: impl FnOnce(Pin<&mut F>) -> R) -> R {
        match self.project().stage.project() {
            StageProjection::Active { work, own } => {
                let (state, beside) = own.parts_mut();
                Entered::new(state).run(|| beside.around(|| step(work)))
            }
            StageProjection::Done => after_completion(),
        }
    }

    /// As [`run_pinned`](Self::run_pinned), for work that was never pinned.
    #[inline]
    #[track_caller]
    pub(crate) fn run_mut<R>(&mut self, step: impl FnOnce(&mut F) -> R) -> R {
        match &mut self.stage {
            Stage::Active { work, own } => {
                let (state, beside) = own.parts_mut();
                Entered::new(state).run(|| beside.around(|| step(work)))
            }
            Stage::Done => after_completion(),
        }
    }

    /// Hands the work to `step` inside its context, which ends there.
    #[inline]
    pub(crate) fn run_once<R>(mut self, step: impl FnOnce(F) -> R) -> R {
        match mem::replace(&mut self.stage, Stage::Done) {
            Stage::Active { work, own } => {
                let (mut state, beside) = own.into_parts();
                let _entered = Entered::new(&mut state);
                // As in `finish_beside`.
                let along = beside;
                along.around(|| step(work))
            }
            Stage::Done => after_completion(),
        }
    }

    /// Lets `step` look at the work in a copy of its context; `None` if the work is done.
    ///
    /// In a copy, because with a shared reference several threads may look at once. What `step`
    /// sets is gone with it.
    #[inline]
    pub(crate) fn look<R>(&self, step: impl FnOnce(&F) -> R) -> Option<R> {
        let Stage::Active { work, own } = &self.stage else {
            return None;
        };
        let (state, beside) = own.parts();
        let mut copy = state.copy();
        let _inside = Entered::new(&mut copy).for_the_last_time();
        Some(beside.around(|| step(work)))
    }

    /// Drops the work inside its context, and lets `next` go on in the same one: not in a copy.
    #[cfg(feature = "http")]
    #[inline]
    #[track_caller]
    pub(crate) fn followed_by<G>(self: Pin<&mut Self>, next: G) -> InContext<G> {
        let mut stage = self.project().stage;
        let StageProjection::Active { own, .. } = stage.as_mut().project() else {
            after_completion();
        };
        let (work, own) = (next, own.take());
        let mut next = InContext {
            stage: Stage::Active { work, own },
        };
        // `next` is entered, and owns the context, also if the work's drop panics.
        next.run_mut(|_| stage.set(Stage::Done));
        next
    }

    /// The work, to look at from outside its context, until it is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&F> {
        self.stage.work()
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        self.project().stage.poll(cx)
    }
}

impl<F> fmt::Debug for InContext<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InContext").finish_non_exhaustive()
    }
}

/// Gives a future a context of its own.
///
/// # Examples
///
/// Two futures polled in turn, each with what it sets:
///
/// ```
/// use context_vars::{Context, context_var, prelude::*};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// async fn serve(user: &'static str) -> &'static str {
///     drop(USER.set(user));
///     tokio::task::yield_now().await;
///     USER.get()
/// }
///
/// let alice = serve("alice").in_context(Context::new());
/// let bob = serve("bob").in_context(Context::new());
/// assert_eq!(tokio::join!(alice, bob), ("alice", "bob"));
/// assert_eq!(USER.get(), "anonymous");
/// # }
/// ```
pub trait ContextFutureExt: Future + Sized {
    /// Runs the future in `context`.
    ///
    /// # Cost
    ///
    /// A poll is two thread-local accesses; no allocation and no atomic operation.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{Context, context_var, prelude::*};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let context = Context::new().with_value(&USER, "alice");
    /// assert_eq!(async { USER.get() }.in_context(context).await, "alice");
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    #[inline]
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(self, context)
    }

    /// Runs the future in a copy of the context that is current *now*, where this is called.
    ///
    /// # Cost
    ///
    /// As [`Context::current`].
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = USER.sync_scope("alice", || {
    ///     tokio::spawn(async { USER.get() }.inherit_context())
    /// });
    /// assert_eq!(task.await.unwrap(), "alice");
    /// # }
    /// ```
    #[inline]
    fn inherit_context(self) -> InContext<Self> {
        InContext::inherit(self)
    }
}

impl<F: Future> ContextFutureExt for F {}

pin_project! {
    /// A future with a scope around it; see [`ContextVar::scope`](crate::ContextVar::scope).
    ///
    /// It forms its context at its first poll, from the one that polls it then, and keeps it for
    /// all later polls. If it is never polled, it never forms one.
    ///
    /// # Cost
    ///
    /// Four words beside the future, five with the feature `companion`. The first poll makes a node
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
        stage: Stage<F>,
        start: Option<Start>,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(Start::Copy(_)) = this.start {
                this.stage.as_mut().set(Stage::Done);
            } else {
                this.stage.finish();
            }
        }
    }
}

/// What the first poll makes of the context it finds.
enum Start {
    /// A copy, in which this is set.
    Copy(Option<Value>),
    /// The context is there, but for what no work inherits.
    Locals,
}

impl<F> Scope<F> {
    #[inline]
    pub(crate) fn new(future: F, value: Option<Value>) -> Self {
        let (work, own) = (future, Own::Context(State::EMPTY));
        Self {
            stage: Stage::Active { work, own },
            start: Some(Start::Copy(value)),
        }
    }

    /// A scope that sets nothing by itself.
    #[inline]
    pub(crate) fn isolating(future: F) -> Self {
        Self::new(future, None)
    }
}

impl<F> Scope<F> {
    /// Lets the scope set `value`; to be called before its first poll.
    #[cfg(feature = "deadline")]
    pub(crate) fn start_with(self: Pin<&mut Self>, value: Value) {
        *self.project().start = Some(Start::Copy(Some(value)));
    }

    /// The future, to look at from outside its context, until it is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&F> {
        self.stage.work()
    }
}

impl<F> Stage<F> {
    /// Makes its context out of the current one.
    fn form(self: Pin<&mut Self>, start: Start) {
        if let StageProjection::Active { own, .. } = self.project() {
            let (state, _) = own.parts_mut();
            match start {
                Start::Copy(Some(value)) => *state = current::copy_with(value),
                Start::Copy(None) => *state = current::copy(),
                Start::Locals => current::take_locals(state),
            }
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(start) = this.start.take() {
            this.stage.as_mut().form(start);
        }
        this.stage.poll(cx)
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Calls `f` in a copy of the current context, in which what it returns goes on.
///
/// For functions that return a future: their own part and the future's share one scope. Who polls
/// the future is not known yet, so it finds the `#[no_inherit]` variables of whoever that is.
#[inline]
pub(crate) fn scope_call<F>(f: impl FnOnce() -> F) -> Scope<F> {
    let mut context = Context {
        state: current::copy(),
    };
    let work = context.run(f);
    let mut state = context.state;
    current::leave_locals(&mut state);
    let own = Own::Context(state);
    Scope {
        stage: Stage::Active { work, own },
        start: Some(Start::Locals),
    }
}
