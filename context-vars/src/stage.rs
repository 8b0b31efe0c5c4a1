//! The two stages of work that has a context: active with its context, or done.

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::raw::context::RawContext;
use crate::raw::thread::Entered;

pin_project! {
    #[project = StageProjection]
    pub(crate) enum Stage<W> {
        Active { #[pin] work: W, context: RawContext },
        Done,
    }
}

impl<W> Stage<W> {
    /// Drops the work inside its context, and then the context.
    #[inline]
    pub(crate) fn finish(mut self: Pin<&mut Self>) {
        if let StageProjection::Active { context, .. } = self.as_mut().project() {
            // The values are dropped after the context was left, also if the work's drop panics.
            let _scope = Entered::new(context).into_scope();
            self.set(Self::Done);
        }
    }

    /// Runs one step of the pinned work inside its context.
    #[inline]
    #[track_caller]
    pub(crate) fn run_pinned<R>(self: Pin<&mut Self>, step: impl FnOnce(Pin<&mut W>) -> R) -> R {
        match self.project() {
            StageProjection::Active { work, context } => Entered::new(context).run(|| step(work)),
            StageProjection::Done => after_completion(),
        }
    }

    /// Runs one step of work that was never pinned.
    #[inline]
    #[track_caller]
    pub(crate) fn run_mut<R>(&mut self, step: impl FnOnce(&mut W) -> R) -> R {
        match self {
            Self::Active { work, context } => Entered::new(context).run(|| step(work)),
            Self::Done => after_completion(),
        }
    }

    /// Moves the work to `step` inside its context, which is dropped afterwards.
    #[inline]
    pub(crate) fn run_once<R>(&mut self, step: impl FnOnce(W) -> R) -> R {
        match mem::replace(self, Self::Done) {
            Self::Active { work, mut context } => {
                let _entered = Entered::new(&mut context);
                step(work)
            }
            Self::Done => after_completion(),
        }
    }

    /// Runs `step` with the work in a copy of its context, which is dropped afterwards. Returns
    /// `None` if the work is done.
    ///
    /// In a copy, because several threads may call this at once.
    #[inline]
    pub(crate) fn run_ref<R>(&self, step: impl FnOnce(&W) -> R) -> Option<R> {
        let Self::Active { work, context } = self else {
            return None;
        };
        let mut copy = context.clone();
        let _scope = Entered::new(&mut copy).into_scope();
        Some(step(work))
    }

    /// Returns the work, to be read from outside its context, until it is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&W> {
        match self {
            Self::Active { work, .. } => Some(work),
            Self::Done => None,
        }
    }
}

impl<W: Future> Stage<W> {
    /// Polls the work inside its context. When the work is ready, it is dropped there at once.
    // Always inlined, like the polls that call it: saving the registers of another frame would
    // take as long as the swap.
    #[inline(always)]
    pub(crate) fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<W::Output> {
        let StageProjection::Active { work, context } = self.as_mut().project() else {
            after_completion();
        };
        match Entered::new(context).poll(|| work.poll(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready((output, _scope)) => {
                self.set(Self::Done);
                Poll::Ready(output)
            }
        }
    }
}

#[cold]
#[track_caller]
pub(crate) fn after_completion() -> ! {
    panic!("work in a context was polled after it had completed");
}
