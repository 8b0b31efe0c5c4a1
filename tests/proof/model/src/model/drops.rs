//! The drops of values.

use std::sync::Arc;

use super::{Model, Value};
use crate::ledger::Event;
use crate::value::Hook;

impl Model {
    /// Accounts for the values without an owner: they were dropped, and no others were.
    pub fn settle(&mut self) {
        self.bury();
        while !self.due.is_empty() {
            let event = self.ledger.peek();
            assert!(
                self.settle_one(event),
                "{event:?} instead of the drop of one of {:?}",
                self.due
            );
        }
    }

    /// As `settle`, in a `Drop`: what it gave up may still be held by the context that is just
    /// being dropped with it, and is then dropped a little later.
    fn settle_in_drop(&mut self) {
        self.bury();
        while self.settle_one(self.ledger.peek()) {}
    }

    fn bury(&mut self) {
        let mut dead = self.grave.dead.lock().expect("nothing panics here");
        self.due.append(&mut dead);
    }

    fn settle_one(&mut self, event: Option<Event>) -> bool {
        let Some(Event::Dropped(id)) = event else {
            return false;
        };
        let Some(found) = self.due.iter().position(|&(due, _)| due == id) else {
            return false;
        };
        let (_, hook) = self.due.remove(found).expect("it was just found");
        self.ledger.next();
        self.hook(hook);
        true
    }

    #[track_caller]
    pub(super) fn expect(&self, event: Event) {
        assert_eq!(self.ledger.next(), Some(event), "of a value's `Drop`");
    }

    fn made(&self) -> Arc<Value> {
        match self.ledger.next() {
            Some(Event::Made(id)) => self.value(id, Hook::Nothing),
            other => panic!("{other:?} instead of a value that a `Drop` makes"),
        }
    }

    /// Models [`do_hook`](crate::value).
    fn hook(&mut self, hook: Hook) {
        match hook {
            Hook::Nothing | Hook::PanicOnClone => {}
            Hook::Read(var) => self.expect(Event::Saw(self.read(var))),
            Hook::Set(var) => {
                let value = self.made();
                let token = self.set(var, Some(value));
                drop(token);
                self.settle_in_drop();
            }
            Hook::Scope(var) => {
                let value = self.made();
                let id = value.id;
                self.enter_scope(var, value);
                self.expect(Event::Saw(Some(id)));
                drop(self.leave());
                self.settle_in_drop();
            }
            Hook::Copy => self.expect(Event::Copied(self.here.current.inherited.len())),
            Hook::Panic => {
                // A second panic ends where it began.
                self.expect(Event::Exploded);
                self.unwinding = true;
            }
            Hook::PanicOnce => {
                if !self.unwinding {
                    self.expect(Event::Exploded);
                    self.unwinding = true;
                }
            }
        }
    }

    /// Nothing happened that was not accounted for.
    pub fn check(&self) {
        if let Some(event) = self.ledger.next() {
            panic!("{event:?} was not expected");
        }
        assert_eq!(self.ledger.live(), self.live(), "live values");
    }
}
