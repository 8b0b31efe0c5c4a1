//! Contexts that one callback makes current and a later one takes back.

#![cfg(all(feature = "tokio", tokio_unstable))]

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr;

use super::state::{Outer, slot};
use crate::error::out_of_order;
use crate::raw::context::State;

thread_local! {
    // The innermost visit. Without a destructor, as the slot.
    static VISITS: ManuallyDrop<Cell<Option<Ongoing>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

/// A context that one call makes current and a later one takes back on the same thread: for
/// callbacks that come in pairs, between which nothing of ours is on the stack.
///
/// During the visit the thread keeps the box, so that nobody can reach the context around. A
/// visit ends only when all that began inside it is over: the depth says so of what was entered,
/// `read` of the reads that were open.
/// So visits nest strictly with everything else of this folder, or the process is aborted.
pub(crate) struct Visit {
    /// Empty during the visit, when the context is in the slot.
    state: State,
}

struct Ongoing {
    visit: Box<Visit>,
    outer: Outer,
    /// The innermost read that was open.
    read: usize,
    /// The visit in which this one began; then alone a box is needed.
    below: Option<Box<Ongoing>>,
}

impl Visit {
    pub(crate) fn new(state: State) -> Box<Self> {
        Box::new(Self { state })
    }

    /// What no other visit has as long as this one exists.
    pub(crate) fn key(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Makes the context current until [`end`](Self::end).
    pub(crate) fn begin(mut self: Box<Self>) {
        let slot = slot();
        let outer = slot.enter(self.state.take());
        let read = slot.reads.innermost();
        VISITS.with(|innermost| {
            let below = innermost.take().map(Box::new);
            innermost.set(Some(Ongoing {
                visit: self,
                outer,
                read,
                below,
            }));
        });
    }

    /// Ends the visit with this key and hands it back; `None` if this thread has no such visit.
    pub(crate) fn end(key: usize) -> Option<Box<Self>> {
        VISITS.with(|innermost| {
            let ongoing = innermost.take()?;
            if ongoing.visit.key() != key {
                if ongoing.began_inside(key) {
                    out_of_order();
                }
                innermost.set(Some(ongoing));
                return None;
            }
            let slot = slot();
            if slot.reads.innermost() != ongoing.read {
                out_of_order();
            }
            let mut visit = ongoing.visit;
            visit.state = slot.leave(ongoing.outer);
            innermost.set(ongoing.below.map(|below| *below));
            Some(visit)
        })
    }
}

impl Ongoing {
    /// Whether the visit with this key is one in which this one began.
    fn began_inside(&self, key: usize) -> bool {
        let mut next = self.below.as_deref();
        while let Some(below) = next {
            if below.visit.key() == key {
                return true;
            }
            next = below.below.as_deref();
        }
        false
    }
}
