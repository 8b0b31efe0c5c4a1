//! Scopes.

use std::sync::Arc;

use context_vars::detached;

use super::{Ended, Machine, function, guarded};
use crate::program::Body;
use crate::value::{Hook, throw};

impl Machine {
    pub(super) fn scope(self: &Arc<Self>, var: u16, hook: Hook, body: &Body) {
        let (spec, value) = self.value(hook);
        let mut value = Some(value);
        let ended = guarded(|| {
            self.var(var).sync_scope(spec, &mut || {
                let value = value.take().expect("the closure is called once");
                self.model().enter_scope(var, value);
                self.body(body);
            });
        });
        self.model().leave_scope();
        self.finish(ended);
    }

    pub(super) fn detached(&self, body: impl FnOnce()) {
        let ended = guarded(|| {
            detached(|| {
                let empty = self.model().empty();
                self.model().enter(empty);
                body();
            });
        });
        self.model().leave_scope();
        self.finish(ended);
    }

    pub(super) fn function(self: &Arc<Self>, sets: &[(u16, Hook)], body: &Body) {
        let mut set = || {
            let scope = self.model().copy();
            self.model().enter(scope);
            for &(var, hook) in sets {
                let (spec, value) = self.value(hook);
                let ended = guarded(|| self.var(var).set_in_scope(spec));
                let mut model = self.model();
                model.set(var, Some(value));
                model.settle();
                assert_eq!(ended == Ended::Thrown, model.unwinding);
                if model.unwinding {
                    drop(model);
                    throw();
                }
            }
        };
        let ended = guarded(|| function(&mut set, &mut || self.body(body)));
        self.model().leave_scope();
        self.finish(ended);
    }
}
