//! `InContext`: work that owns its context.

use core::fmt;
use core::future::Future;
#[cfg(feature = "http")]
use core::ops::ControlFlow;
use core::pin::Pin;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::raw::companion::CompanionState;
use crate::raw::stage::Stage;
#[cfg(feature = "http")]
use crate::raw::thread::FinalScope;

pin_project! {
    /// Work that owns the context in which it runs: a future, a stream, an iterator, a closure.
    ///
    /// Every poll or step makes the context current, runs the work, and restores the previous context,
    /// even if the work panics. Values that one step sets are seen by the next. The work is dropped inside
    /// its context too, whether it is finished, cancelled or was never started. A future is dropped as
    /// soon as it is ready, and any other work is dropped together with the wrapper. The values of the
    /// context are dropped after the work, outside of the context.
    ///
    /// Created by [`ContextExt`].
    ///
    /// # Panics
    ///
    /// Panics if the work is a future that has completed, and is polled or run again.
    ///
    /// # Cost
    ///
    /// Two words in addition to the work, three with the feature `companion`. A poll is two
    /// thread-local accesses; no allocation and no atomic operation, whatever the number and size
    /// of the variables. Dropping work that is not finished allocates once.
    ///
    /// # Examples
    ///
    /// Work as the field of a struct:
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
        stage: Stage<F, CompanionState>,
    }
}

impl<F> InContext<F> {
    /// Wraps work for which both the context and the companion's state were captured before.
    #[inline]
    pub(crate) fn with_companion(work: F, context: Context, companion: CompanionState) -> Self {
        Self {
            stage: Stage::new(work, context.raw, companion),
        }
    }

    /// Runs one step of a pinned value in its context.
    ///
    /// Use this to implement a trait that this crate does not implement for `InContext`. The previous
    /// context is restored when `step` returns or panics.
    ///
    /// # Panics
    ///
    /// Panics if the work is a future that has completed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::{Pin, pin};
    /// use context_vars::{Context, context_var, prelude::*};
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
    /// let mut job = pin!(Report.in_context(context));
    /// assert_eq!(job.as_mut().run_pinned(|job| job.step()), "for alice");
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_pinned<R>(self: Pin<&mut Self>, step: impl FnOnce(Pin<&mut F>) -> R) -> R {
        self.project().stage.run_pinned(step)
    }

    /// Like [`run_pinned`](Self::run_pinned), but `step` returns `Break` if it was the last step. The
    /// work is then dropped immediately, inside its context, and the context is dropped after the
    /// work.
    #[cfg(feature = "http")]
    #[inline]
    #[track_caller]
    pub(crate) fn run_to_last<R>(
        self: Pin<&mut Self>,
        step: impl FnOnce(Pin<&mut F>) -> ControlFlow<R, R>,
    ) -> R {
        // Parameters are dropped in reverse order: the companion's state inside the context.
        let end = |_scope: FinalScope<'_>, _companion| ();
        match self.project().stage.run_to_break(step, end) {
            ControlFlow::Continue(result) | ControlFlow::Break((result, ())) => result,
        }
    }

    /// Like [`run_to_last`](Self::run_to_last), but the last step also returns the context and the
    /// companion's state, so that other work can continue in them.
    #[cfg(feature = "http")]
    #[inline]
    #[track_caller]
    pub(crate) fn run_to_next<R, B>(
        self: Pin<&mut Self>,
        step: impl FnOnce(Pin<&mut F>) -> ControlFlow<B, R>,
    ) -> ControlFlow<(B, (Context, CompanionState)), R> {
        self.project().stage.run_to_break(step, |scope, companion| {
            let raw = scope.leave();
            (Context { raw }, companion)
        })
    }

    /// Returns `true` if the work is done and was dropped.
    #[cfg(feature = "http")]
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.stage.is_done()
    }

    /// Equivalent to [`run_pinned`](Self::run_pinned), for work that was never pinned.
    #[inline]
    #[track_caller]
    pub(crate) fn run_mut<R>(&mut self, step: impl FnOnce(&mut F) -> R) -> R {
        self.stage.run_mut(step)
    }

    /// Calls `f` with the wrapped value, such as a message or a job, inside its context. The context is
    /// dropped afterwards.
    ///
    /// A value for which `run` is never called is dropped inside its context, too.
    ///
    /// # Panics
    ///
    /// Panics if the wrapped value is a future that has completed.
    ///
    /// # Cost
    ///
    /// Equal to [`Context::run`].
    ///
    /// # Examples
    ///
    /// A message that carries the sender's context to a worker:
    ///
    /// ```
    /// use std::{sync::mpsc, thread};
    /// use context_vars::prelude::*;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let (outbox, inbox) = mpsc::channel::<context_vars::InContext<u32>>();
    /// let worker = thread::spawn(move || {
    ///     let handle = |number| format!("{number} for {}", USER.get());
    ///     inbox.iter().map(|message| message.run(handle)).collect::<Vec<_>>()
    /// });
    /// USER.sync_scope("alice", || outbox.send(1.inherit_context())).unwrap();
    /// USER.sync_scope("bob", || outbox.send(2.inherit_context())).unwrap();
    /// drop(outbox);
    /// assert_eq!(worker.join().unwrap(), ["1 for alice", "2 for bob"]);
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn run<R>(self, f: impl FnOnce(F) -> R) -> R {
        self.stage.run_once(f)
    }

    /// Calls `f` with the wrapped value inside its context, and returns the future of `f` wrapped in the
    /// same context.
    ///
    /// `f` is called immediately. Its future is polled and dropped in the context, like that of
    /// [`in_context`](ContextExt::in_context), and can be spawned.
    ///
    /// # Panics
    ///
    /// Panics if the wrapped value is a future that has completed.
    ///
    /// # Cost
    ///
    /// The cost of [`Context::run`] for the call, and again for each poll.
    ///
    /// # Examples
    ///
    /// A worker that handles one message after the other:
    ///
    /// ```
    /// use context_vars::{InContext, prelude::*};
    /// use tokio::sync::mpsc;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// async fn handle(number: u32) -> String {
    ///     tokio::task::yield_now().await;
    ///     format!("{number} for {}", USER.get())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (outbox, mut inbox) = mpsc::channel::<InContext<u32>>(8);
    /// let worker = tokio::spawn(async move {
    ///     let message = inbox.recv().await.unwrap();
    ///     message.run_async(handle).await
    /// });
    /// let message = USER.sync_scope("alice", || 1.inherit_context());
    /// outbox.send(message).await.unwrap();
    /// assert_eq!(worker.await.unwrap(), "1 for alice");
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_async<G: Future>(self, f: impl FnOnce(F) -> G) -> InContext<G> {
        InContext {
            stage: self.stage.map(f),
        }
    }

    /// Runs `step` with the work in a copy of its context, so that several threads can call this at
    /// once. Returns `None` if the work is done.
    #[inline]
    pub(crate) fn run_ref<R>(&self, step: impl FnOnce(&F) -> R) -> Option<R> {
        self.stage.run_ref(step)
    }

    /// Returns the work, to be read outside of its context, or `None` once the work is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&F> {
        self.stage.work()
    }
}

/// Clones the work together with its context. The clones are independent of the originals.
///
/// The work is cloned inside the copy of the context. This makes wrapped messages usable in a broadcast
/// channel, which gives each receiver a clone.
impl<F: Clone> Clone for InContext<F> {
    fn clone(&self) -> Self {
        Self {
            stage: self.stage.clone(),
        }
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

/// Methods that attach a context to a value: a future, a stream, an iterator, a body, a message.
///
/// The trait is implemented for every type. [`InContext`] lists the traits and methods that the wrapper
/// has for each kind of value.
///
/// # Examples
///
/// Two futures that are polled in turn, each of which reads only its own values:
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
///     USER.set(user);
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
pub trait ContextExt: Sized {
    /// Wraps the value so that it runs in `context`.
    ///
    /// # Cost
    ///
    /// A poll or step is two thread-local accesses; no allocation and no atomic operation.
    ///
    /// # Examples
    ///
    /// A future:
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
    ///
    /// An iterator, in which each step reads the value that the previous step set:
    ///
    /// ```
    /// use context_vars::{Context, context_var, prelude::*};
    ///
    /// context_var! {
    ///     static STEP: u32 = 0;
    /// }
    ///
    /// # fn main() {
    /// let count = std::iter::from_fn(|| {
    ///     STEP.set(STEP.get() + 1);
    ///     Some(STEP.get())
    /// });
    /// let steps: Vec<_> = count.in_context(Context::new()).take(3).collect();
    /// assert_eq!(steps, [1, 2, 3]);
    /// assert_eq!(STEP.get(), 0);
    /// # }
    /// ```
    #[inline]
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::with_companion(self, context, CompanionState::NONE)
    }

    /// Wraps the value so that it runs in a copy of the context that is current *now*, at this call.
    ///
    /// With the feature `companion` the value also inherits the state of the installed companion,
    /// unlike with `in_context(Context::current())`.
    ///
    /// # Cost
    ///
    /// Equal to [`Context::current`].
    ///
    /// # Examples
    ///
    /// A task:
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
    ///
    /// An iterator that is consumed where another value is set:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let greetings = USER.sync_scope("alice", || {
    ///     ["hello", "bye"].into_iter().map(|word| format!("{word} {}", USER.get())).inherit_context()
    /// });
    /// USER.sync_scope("bob", || {
    ///     assert_eq!(greetings.collect::<Vec<_>>(), ["hello alice", "bye alice"]);
    /// });
    /// # }
    /// ```
    #[inline]
    fn inherit_context(self) -> InContext<Self> {
        InContext::with_companion(self, Context::current(), CompanionState::capture())
    }
}

impl<T> ContextExt for T {}
