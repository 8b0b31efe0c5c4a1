//! `Context::run_async`: a future in a context that outlives it.

use core::future::Future;
use core::pin::Pin;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::raw::stage::after_completion;

impl Context {
    /// Runs the future in this context, which keeps what the future sets.
    ///
    /// Like [`run`](Self::run), but for futures. The future is polled and dropped inside the context.
    /// Values that it has set stay in the context, even if the future panics or is dropped before it is
    /// ready. The context is borrowed until then, so it cannot be used between two polls.
    ///
    /// Python's `asyncio.create_task(coro, context=ctx)` does this for a task. For a future that owns its
    /// context, and can therefore be spawned, use [`in_context`](crate::ContextExt::in_context).
    ///
    /// # Panics
    ///
    /// Panics if the returned future is polled after it was ready.
    ///
    /// # Cost
    ///
    /// The cost of `run` for each poll, and once more when the future is ready.
    ///
    /// # Examples
    ///
    /// Two futures that run one after the other in the same context:
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static STEPS: u32 = 0;
    /// }
    ///
    /// async fn step() {
    ///     STEPS.set(STEPS.get() + 1);
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut conversation = Context::new();
    /// conversation.run_async(step()).await;
    /// conversation.run_async(step()).await;
    /// assert_eq!(conversation.get(&STEPS), Some(&2));
    /// assert_eq!(STEPS.get(), 0);
    /// # }
    /// ```
    pub fn run_async<F: Future>(&mut self, future: F) -> impl Future<Output = F::Output> {
        RunAsync {
            context: self,
            future: Some(future),
        }
    }
}

pin_project! {
    struct RunAsync<'a, F> {
        context: &'a mut Context,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for RunAsync<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                this.context.run(|| this.future.set(None));
            }
        }
    }
}

impl<F: Future> Future for RunAsync<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            after_completion();
        };
        let polled = this.context.run(|| future.poll(cx));
        if polled.is_ready() {
            // The future is dropped in a second `run`. A context that the poll has left attached has ended
            // by then, so the drop does not see it.
            this.context.run(|| this.future.set(None));
        }
        polled
    }
}
