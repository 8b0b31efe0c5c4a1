//! The events of the real values, in their order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::variables::{AnyVar, Variables};

/// Something that a value's `Drop` did or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The value with this number is being dropped; what its hook does follows.
    Dropped(u64),
    /// A hook read a variable.
    Saw(Option<u64>),
    /// A hook made a value.
    Made(u64),
    /// A hook took a copy of the current context, with so many entries.
    Copied(usize),
    /// A hook panicked.
    Exploded,
}

/// The events that the model has not accounted for yet, and how many values there are.
pub struct Ledger {
    pub variables: Variables,
    events: Mutex<VecDeque<Event>>,
    last: AtomicU64,
    live: AtomicUsize,
}

impl Ledger {
    pub fn new(variables: Variables) -> Self {
        Self {
            variables,
            events: Mutex::default(),
            last: AtomicU64::new(0),
            live: AtomicUsize::new(0),
        }
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.events.lock().expect("nothing panics while it is held")
    }

    pub fn push(&self, event: Event) {
        self.events().push_back(event);
    }

    pub fn peek(&self) -> Option<Event> {
        self.events().front().copied()
    }

    pub fn next(&self) -> Option<Event> {
        self.events().pop_front()
    }

    pub fn var(&self, var: u16) -> &'static dyn AnyVar {
        self.variables.get(var)
    }

    /// A number for a new value, copies included.
    pub(crate) fn born(&self) -> u64 {
        self.live.fetch_add(1, Ordering::Relaxed);
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn died(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of values that exist.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }
}
