//! Scopes.

use std::sync::Arc;

use context_vars::__private::{self, ScopeValue};
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
            let prepared = sets.iter().map(|&(var, hook)| {
                let (spec, value) = self.value(hook);
                (self.var(var).prepare(spec), (var, value))
            });
            let (values, modelled): (Vec<_>, Vec<_>) = prepared.unzip();
            let ended = guarded(|| set_all(values));
            let mut model = self.model();
            model.set_all(modelled);
            assert_eq!(ended == Ended::Thrown, model.unwinding);
            if model.unwinding {
                drop(model);
                throw();
            }
        };
        let ended = guarded(|| function(&mut set, &mut || self.body(body)));
        self.model().leave_scope();
        self.finish(ended);
    }
}

/// Sets the values as `#[with_context]` does once its scope is entered: by one call, with an array if there are
/// several.
fn set_all(mut values: Vec<ScopeValue>) {
    match values.len() {
        // An annotated function without values calls nothing.
        0 => {}
        1 => values.drain(..).for_each(__private::set_one),
        2 => set_array::<2>(values),
        3 => set_array::<3>(values),
        4 => set_array::<4>(values),
        len => unreachable!("a function of a program sets at most four variables, not {len}"),
    }
}

fn set_array<const N: usize>(values: Vec<ScopeValue>) {
    let values: [ScopeValue; N] = values.try_into().ok().expect("as many values");
    __private::set_all(values);
}
