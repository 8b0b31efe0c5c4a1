//! Reading.

use std::sync::Arc;

use super::{Ended, Machine, guarded};
use crate::program::Body;

impl Machine {
    pub(super) fn get(&self, var: u16) {
        let entry = self.model().entry(var);
        let mut got = None;
        let ended = guarded(|| got = self.var(var).get());
        if entry.is_some_and(|value| value.panics_on_clone()) {
            assert_eq!(ended, Ended::Thrown, "the clone panics");
        } else {
            assert_eq!(ended, Ended::Normally);
            assert_eq!(got, self.model().read(var));
        }
    }

    pub(super) fn get_or(&self, var: u16) {
        let entry = self.model().entry(var);
        if !entry.as_ref().is_some_and(|value| value.panics_on_clone()) {
            let expected = entry.map_or(7, |value| value.id);
            assert_eq!(self.var(var).get_or(7), expected);
        }
    }

    pub(super) fn with(self: &Arc<Self>, var: u16, body: &Body) {
        let (expected, looked_at) = {
            let model = self.model();
            (model.read(var), model.entry(var))
        };
        let ended = guarded(|| {
            let looked = self.var(var).with(&mut |id| {
                assert_eq!(Some(id), expected);
                self.body(body);
            });
            assert_eq!(looked, expected);
        });
        drop(looked_at);
        self.model().settle();
        self.finish(ended);
    }
}
