//! Work that is kept and does its steps, and threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use context_vars::inherit;

use super::{DEPTH, Ended, KeptWork, Machine, guarded, keep, take};
use crate::program::{Body, Inherits, Pick};
use crate::work::Real;

impl Machine {
    pub(super) fn keep_work(&self, work: KeptWork) {
        let full = keep(&mut self.store().works, work);
        if full {
            self.drop_work(0);
        }
    }

    fn take_work(&self, pick: Pick) -> Option<KeptWork> {
        take(&mut self.store().works, pick)
    }

    /// Does a step; hands the work back if more can be done.
    fn step(&self, mut work: KeptWork) -> Option<KeptWork> {
        let begun = work.model.begin(&mut self.model());
        let mut done = false;
        self.depth.fetch_add(1, Ordering::Relaxed);
        let ended = guarded(|| done = work.real.step());
        self.depth.fetch_sub(1, Ordering::Relaxed);
        assert_eq!(ended == Ended::AfterCompletion, !begun);
        work.model.end(&mut self.model());
        self.finish(ended);
        if done {
            self.drop_this_work(work);
            return None;
        }
        Some(work)
    }

    /// A message that was not opened, unless too many works are in a step already.
    pub(super) fn take_message(&self, pick: Pick) -> Option<KeptWork> {
        if self.depth.load(Ordering::Relaxed) >= DEPTH {
            return None;
        }
        let mut store = self.store();
        let works = store.works.iter().enumerate();
        let messages = works.filter(|(_, work)| matches!(work.real, Real::Message(Some(_))));
        let places: Vec<_> = messages.map(|(place, _)| place).collect();
        let place = usize::from(pick).checked_rem(places.len())?;
        Some(store.works.remove(places[place]))
    }

    /// Work for a step, unless too many are in one already.
    fn take_work_for_step(&self, pick: Pick) -> Option<KeptWork> {
        let deep = self.depth.load(Ordering::Relaxed) >= DEPTH;
        if deep { None } else { self.take_work(pick) }
    }

    pub(super) fn poll(&self, pick: Pick) -> Option<()> {
        let work = self.take_work_for_step(pick)?;
        if let Some(work) = self.step(work) {
            self.keep_work_that_can(work);
        }
        Some(())
    }

    pub(super) fn poll_on_thread(&self, pick: Pick) -> Option<()> {
        let work = self.take_work_for_step(pick)?;
        let mut back = None;
        self.visit_thread(|| back = self.step(work));
        if let Some(work) = back {
            self.keep_work_that_can(work);
        }
        Some(())
    }

    /// Keeps it unless it was a closure or a message whose only step panicked.
    fn keep_work_that_can(&self, work: KeptWork) {
        match work.real {
            Real::Closure(None) | Real::Message(None) => {}
            _ => self.keep_work(work),
        }
    }

    fn drop_this_work(&self, work: KeptWork) {
        let ended = guarded(|| drop(work.real));
        work.model.dropped(&mut self.model());
        self.finish(ended);
    }

    pub(super) fn drop_work(&self, pick: Pick) -> Option<()> {
        let work = self.take_work(pick)?;
        self.drop_this_work(work);
        Some(())
    }

    pub(super) fn drop_work_on_thread(&self, pick: Pick) -> Option<()> {
        let work = self.take_work(pick)?;
        self.visit_thread(|| self.drop_this_work(work));
        Some(())
    }

    pub(super) fn thread(self: &Arc<Self>, inherits: Inherits, body: &Body) {
        let inherits = inherits == Inherits::Yes;
        let ended = if inherits {
            let snapshot = self.model().snapshot();
            let work = inherit(|| {
                self.model().enter(snapshot);
                self.body_of_thread(body);
            });
            self.model().begin_thread();
            let ended = self.on_thread(work);
            self.model().leave_scope();
            ended
        } else {
            self.model().begin_thread();
            self.on_thread(|| self.body_of_thread(body))
        };
        let mut model = self.model();
        // The panic ends at the end of the thread, before its root is emptied.
        let unwinding = std::mem::take(&mut model.unwinding);
        model.end_thread();
        model.unwinding = unwinding;
        drop(model);
        self.finish(ended);
    }
}
