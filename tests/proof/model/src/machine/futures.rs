//! Futures in a context that outlives them, and messages that go on as futures.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Waker};

use super::{Ended, Kept, Machine, guarded};
use crate::model::{self, Value};
use crate::program::{Pick, RunAsync};
use crate::work::{self, Modelled, Real, Script};

/// The model's state of a future that runs in a borrowed context.
struct Running {
    /// Absent while it is entered.
    context: Option<model::Context>,
    steps: usize,
    /// Absent once the future is dropped.
    witness: Option<Arc<Value>>,
}

impl Running {
    /// The future is dropped in the context.
    fn dropped(&mut self, model: &mut model::Model) {
        let Some(witness) = self.witness.take() else {
            return;
        };
        model.enter(self.context.take().expect("it is not entered"));
        drop(witness);
        model.settle();
        self.context = Some(model.leave());
    }
}

impl Machine {
    pub(super) fn run_async(self: &Arc<Self>, pick: Pick, work: &RunAsync) -> Option<()> {
        let Kept { mut real, model } = self.take_context(pick)?;
        let (script, witness) = Script::new(self, &work.steps, work.hook);
        let mut running = Running {
            context: Some(model),
            steps: work.steps.len(),
            witness: Some(witness),
        };
        let mut future = Box::pin(real.run_async(script));
        for _ in 0..work.polls {
            self.poll_running(future.as_mut(), &mut running);
            let ended = guarded(|| self.body(&work.between));
            self.finish(ended);
        }
        let ended = guarded(|| drop(future));
        running.dropped(&mut self.model());
        self.finish(ended);
        let model = running.context.expect("it is not entered any more");
        self.keep_context(Kept { real, model });
        Some(())
    }

    fn poll_running(&self, future: Pin<&mut impl Future<Output = ()>>, running: &mut Running) {
        let begins = running.witness.is_some();
        if begins {
            let context = running.context.take().expect("it is not entered");
            self.model().enter(context);
        }
        let mut cx = TaskContext::from_waker(Waker::noop());
        let ended = guarded(|| _ = future.poll(&mut cx));
        assert_eq!(ended == Ended::AfterCompletion, !begins);
        if begins {
            running.steps = running.steps.saturating_sub(1);
            let mut model = self.model();
            running.context = Some(model.leave());
            if running.steps == 0 && !model.unwinding {
                running.dropped(&mut model);
            }
        }
        self.finish(ended);
    }

    pub(super) fn handle(self: &Arc<Self>, pick: Pick) -> Option<()> {
        let work = self.take_message(pick)?;
        let (Real::Message(Some(message)), Modelled::Closure(Some((context, witness)))) =
            (work.real, work.model)
        else {
            unreachable!("it is a message that was not opened")
        };
        self.model().enter(context);
        let (mut left, mut future) = (0, None);
        self.depth.fetch_add(1, Ordering::Relaxed);
        let ended = guarded(|| {
            future = Some(message.run_async(|mut script| {
                script.step();
                left = script.steps_left();
                script
            }));
        });
        self.depth.fetch_sub(1, Ordering::Relaxed);
        if let Some(future) = future {
            let context = self.model().leave();
            self.finish(ended);
            self.keep_work(work::handled(future, context, left, witness));
        } else {
            let mut model = self.model();
            drop(witness);
            model.settle();
            model.leave_scope();
            drop(model);
            self.finish(ended);
        }
        Some(())
    }
}
