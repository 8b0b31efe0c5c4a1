//! Contexts that are kept, entered and changed.

use std::sync::Arc;

use context_vars::Context;

use super::{Kept, KeptContext, Machine, guarded, keep, take};
use crate::model;
use crate::program::{Body, Pick};
use crate::value::Hook;

impl Machine {
    pub(super) fn keep_context(&self, context: KeptContext) {
        let full = keep(&mut self.store().contexts, context);
        if full {
            self.drop_context(0);
        }
    }

    pub(super) fn take_context(&self, pick: Pick) -> Option<KeptContext> {
        take(&mut self.store().contexts, pick)
    }

    /// A clone of a context that is kept, or a new one.
    pub fn copy_of_context(&self, pick: Pick) -> KeptContext {
        let Some(context) = self.take_context(pick) else {
            return Kept {
                real: Context::new(),
                model: self.model().empty(),
            };
        };
        let copy = Kept {
            real: context.real.clone(),
            model: self.model().copy_of(&context.model),
        };
        self.keep_context(context);
        copy
    }

    pub(super) fn drop_context(&self, pick: Pick) -> Option<()> {
        let context = self.take_context(pick)?;
        let ended = guarded(|| drop(context.real));
        drop(context.model);
        self.model().settle();
        self.finish(ended);
        Some(())
    }

    pub(super) fn run(self: &Arc<Self>, pick: Pick, body: &Body) -> Option<()> {
        let Kept { mut real, model } = self.take_context(pick)?;
        let mut model = Some(model);
        let ended = guarded(|| {
            real.run(|| {
                let model = model.take().expect("the closure is called once");
                self.model().enter(model);
                self.body(body);
            });
        });
        let model = self.model().leave();
        self.finish(ended);
        self.keep_context(Kept { real, model });
        Some(())
    }

    /// `with_value`, or `without` if there is no hook of a value.
    pub(super) fn with_value(&self, pick: Pick, var: u16, hook: Option<Hook>) -> Option<()> {
        let Kept { real, mut model } = self.take_context(pick)?;
        let (spec, value) = hook.map(|hook| self.value(hook)).unzip();
        let mut changed = None;
        let ended = guarded(|| {
            changed = Some(match spec {
                Some(spec) => self.var(var).with_value(real, spec),
                None => self.var(var).without(real),
            });
        });
        let old = model.put(self.ledger.variables, var, value);
        drop(old);
        self.model().settle();
        match changed {
            Some(real) => {
                self.finish(ended);
                self.keep_context(Kept { real, model });
            }
            // The displaced value panicked in its drop, so the context is dropped, too.
            None => {
                drop(model);
                self.model().settle();
                self.finish(ended);
            }
        }
        Some(())
    }

    pub(super) fn look(&self, pick: Pick, var: u16) -> Option<()> {
        let context = self.take_context(pick)?;
        let place = self.ledger.variables.place(var);
        let expected = context.model.entry(place).map(|value| value.id);
        assert_eq!(self.var(var).look(&context.real), expected);
        assert_eq!(self.var(var).contained(&context.real), expected.is_some());
        self.keep_context(context);
        Some(())
    }

    pub(super) fn enumerate(&self, pick: Pick) -> Option<()> {
        let context = self.take_context(pick)?;
        self.compare_entries(&context.real, &context.model);
        self.keep_context(context);
        Some(())
    }

    pub(super) fn compare_entries(&self, real: &Context, model: &model::Context) {
        let named = model.entries().map(|(place, id)| {
            let var = self.var(place as u16);
            (var.name(), var.module_path(), id, var)
        });
        let mut expected: Vec<_> = named.collect();
        expected.sort_by_key(|&(name, module, ..)| (name, module));
        assert_eq!(
            (real.len(), real.is_empty()),
            (model.len(), model.is_empty())
        );
        let mut entries = real.iter();
        for (name, module, id, var) in expected {
            let entry = entries.next().expect("as many entries as `len` says");
            assert_eq!((entry.name(), entry.module_path()), (name, module));
            assert_eq!(var.id_of(&entry), Some(id));
        }
        assert!(entries.next().is_none());
    }
}
