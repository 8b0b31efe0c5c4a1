//! Contexts that are attached.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicPtr;
use std::sync::{Arc, Mutex};

use context_vars::{Attached, Context};

use super::{Kept, Machine, guarded, keep, take};
use crate::model::Guard;
use crate::program::{Body, Pick};

thread_local! {
    /// The guards of this thread.
    static GUARDS: RefCell<Vec<Kept<Attached, Guard>>> = const { RefCell::new(Vec::new()) };
}

fn take_guard(pick: Pick) -> Option<Kept<Attached, Guard>> {
    GUARDS.with_borrow_mut(|guards| take(guards, pick))
}

impl Machine {
    pub(super) fn attach(&self, pick: Pick) -> Option<()> {
        let context = self.take_context(pick)?;
        let guard = Kept {
            real: context.real.attach(),
            model: self.model().attach(context.model),
        };
        let full = GUARDS.with_borrow_mut(|guards| keep(guards, guard));
        if full {
            self.drop_guard(0);
        }
        Some(())
    }

    pub(super) fn detach(&self, pick: Pick) -> Option<()> {
        let guard = take_guard(pick)?;
        let real: Context = guard.real.detach();
        let mut model = self.model();
        let context = model.detach(guard.model);
        let context = context.unwrap_or_else(|| model.empty());
        drop(model);
        self.keep_context(Kept {
            real,
            model: context,
        });
        Some(())
    }

    pub(super) fn drop_guard(&self, pick: Pick) -> Option<()> {
        let guard = take_guard(pick)?;
        let ended = guarded(|| drop(guard.real));
        let context = self.model().detach(guard.model);
        drop(context);
        self.model().settle();
        self.finish(ended);
        Some(())
    }

    /// Forgets a guard where a leak checker finds it.
    pub(super) fn forget_guard(&self, pick: Pick) -> Option<()> {
        static FORGOTTEN: Mutex<Vec<AtomicPtr<Attached>>> = Mutex::new(Vec::new());
        let guard = take_guard(pick)?;
        let guard = AtomicPtr::new(Box::into_raw(Box::new(guard.real)));
        let mut forgotten = FORGOTTEN.lock().expect("nothing panics while it is held");
        forgotten.push(guard);
        Some(())
    }

    /// Does the operations, and drops the guards of the thread also if one of them panics.
    pub(super) fn body_of_thread(self: &Arc<Self>, body: &Body) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.body(body)));
        let unwinding = mem::take(&mut self.model().unwinding);
        self.drop_guards();
        self.model().unwinding = unwinding;
        if let Err(payload) = ended {
            resume_unwind(payload);
        }
    }

    /// Drops the guards of this thread, before it ends.
    pub(super) fn drop_guards(&self) {
        while self.drop_guard(0).is_some() {}
    }
}
