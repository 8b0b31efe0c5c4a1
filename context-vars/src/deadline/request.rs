//! The scope of a request, which is first a future and then a body.

use core::pin::Pin;
use core::task::{self, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::error::Elapsed;
use super::limit::LIMIT;
use super::scope::OpenScope;
use super::timeout::poll_deadline;
use crate::context::Context;

pin_project! {
    /// A scope whose work is polled elsewhere. Ends when it is dropped, completed, or out of time.
    pub(crate) struct RequestScope {
        open: OpenScope,
        #[pin]
        sleep: Option<Sleep>,
        elapsed: Option<Elapsed>,
    }
}

impl RequestScope {
    /// Begins a scope for work that runs in `context`, with at most `duration` from now.
    pub(crate) fn begin(context: Context, duration: Option<Duration>) -> (Context, Self) {
        let asked = duration.and_then(|duration| Instant::now().checked_add(duration));
        let open = OpenScope::within(context.get(&LIMIT), asked);
        let context = context.with_value(&LIMIT, open.limit());
        let scope = Self {
            open,
            sleep: None,
            elapsed: None,
        };
        (context, scope)
    }

    /// Waits until the time is over, and then ends the scope. Never completes if there is no
    /// deadline.
    pub(crate) fn poll_elapsed(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Elapsed> {
        let this = self.project();
        let Some(deadline) = this.open.deadline() else {
            return Poll::Pending;
        };
        ready!(poll_deadline(this.sleep, deadline, cx));
        Poll::Ready(this.open.elapse())
    }

    /// Ends the scope at its deadline even if it is not polled then.
    pub(crate) fn elapse_unpolled(&self) {
        self.open.elapse_unpolled();
    }

    pub(crate) fn is_over(&self) -> bool {
        let is_over = |deadline| deadline <= Instant::now();
        self.open.deadline().is_some_and(is_over)
    }

    /// Ends the scope if its time is over. [`elapsed`](Self::elapsed) then returns the error.
    pub(crate) fn elapse_if_over(self: Pin<&mut Self>) {
        if self.is_over() {
            let this = self.project();
            *this.elapsed = Some(this.open.elapse());
        }
    }

    pub(crate) fn elapsed(&self) -> Option<Elapsed> {
        self.elapsed
    }

    pub(crate) fn complete(&self) {
        self.open.complete();
    }
}
