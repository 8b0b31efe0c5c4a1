//! Counts the polls of tasks, and those of them by another thread than before.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use super::meeting::number_of_this_thread;
use crate::{Run, Work};

/// A task's work, whose polls are counted.
pub struct Counted {
    work: Work,
    run: Arc<Run>,
    /// The thread of the last poll; 0 before the first.
    last: u64,
}

impl Counted {
    pub fn new(run: &Arc<Run>, work: Work) -> Self {
        Self {
            work,
            run: run.clone(),
            last: 0,
        }
    }
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let here = number_of_this_thread();
        self.run.polls.fetch_add(1, Relaxed);
        if self.last != here && self.last != 0 {
            self.run.moved.fetch_add(1, Relaxed);
        }
        self.last = here;
        self.work.as_mut().poll(cx)
    }
}
