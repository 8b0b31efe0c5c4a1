//! The list of the contexts that are attached on a thread; `attach.rs` describes how they end.

use core::cell::Cell;
use core::ptr;
use std::rc::Rc;

use super::entry::{EntryId, EntryOwner, Previous};
use crate::raw::context::RawContext;

/// The attached contexts of a thread.
pub(super) struct Attachments {
    pub(super) innermost: Cell<Option<Rc<AttachedContext>>>,
    /// The frames whose entry is [`EntryId::DEFERRED`], the topmost first.
    deferred: Cell<Option<Box<DeferredFrame>>>,
}

/// A context that is or was attached.
pub(super) struct AttachedContext {
    /// Its address identifies the entry.
    pub(super) owner: EntryOwner,
    /// The context around this one, or `None` when this one has ended.
    pub(super) previous: Cell<Option<Previous>>,
    /// The attached context around this one, with any number of frames in between.
    pub(super) outer: Cell<Option<Rc<AttachedContext>>>,
    /// The context, if it ended before its guard.
    pub(super) ended: Cell<Option<RawContext>>,
    /// `true` if the guard was dropped while a frame right above still runs.
    pub(super) is_released: Cell<bool>,
}

/// A frame that must end attached contexts, or restore the entry of another frame, when it ends.
pub(super) struct DeferredFrame {
    /// The entry of the frame, which is replaced meanwhile.
    entry: EntryId,
    outer: Option<Box<DeferredFrame>>,
}

impl Attachments {
    pub(super) const fn new() -> Self {
        Self {
            innermost: Cell::new(None),
            deferred: Cell::new(None),
        }
    }

    /// Returns all contexts that have not ended, the innermost first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Rc<AttachedContext>> + use<> {
        core::iter::successors(clone_of(&self.innermost), |attached| attached.outer())
    }

    /// Returns the innermost attached context if it has this entry.
    pub(super) fn innermost_at(&self, entry: EntryId) -> Option<Rc<AttachedContext>> {
        clone_of(&self.innermost).filter(|attached| attached.entry() == entry)
    }

    /// Returns the innermost attached context if it has this entry and its guard was dropped.
    pub(super) fn released_at(&self, entry: EntryId) -> Option<Rc<AttachedContext>> {
        self.innermost_at(entry)
            .filter(|attached| attached.is_released.get())
    }

    pub(super) fn any_released(&self) -> bool {
        self.iter().any(|attached| attached.is_released.get())
    }

    /// Returns the attached context right above `attached`, without a frame in between.
    pub(super) fn right_above(&self, attached: &AttachedContext) -> Option<Rc<AttachedContext>> {
        self.iter()
            .find(|above| above.previous_entry() == Some(attached.entry()))
    }

    pub(super) fn unlink(&self, attached: &AttachedContext) {
        let is_next = |above: &Rc<AttachedContext>| {
            let outer = above.outer();
            outer.is_some_and(|outer| ptr::eq(&raw const *outer, attached))
        };
        let above = self.iter().find(is_next);
        let outer = attached.outer.take();
        match above {
            Some(above) => above.outer.set(outer),
            None => self.innermost.set(outer),
        }
    }

    /// Makes the first frame at or under `topmost` call `settle` when it ends. Returns the new
    /// `topmost`.
    ///
    /// Takes `spare` if it is needed, and neither allocates nor frees.
    pub(super) fn defer(
        &self,
        topmost: EntryId,
        spare: &mut Option<Box<DeferredFrame>>,
    ) -> EntryId {
        let (mut frame, mut above) = (topmost, None);
        while let Some(attached) = self.iter().find(|attached| attached.entry() == frame) {
            frame = attached.previous_entry().unwrap_or(EntryId::DEFERRED);
            above = Some(attached);
        }
        if frame == EntryId::DEFERRED {
            return topmost;
        }
        let Some(mut deferred) = spare.take() else {
            return topmost;
        };
        deferred.entry = frame;
        deferred.outer = self.deferred.take();
        self.deferred.set(Some(deferred));
        let Some(above) = above else {
            return EntryId::DEFERRED;
        };
        above.with_previous(|previous| previous.set_entry(EntryId::DEFERRED));
        topmost
    }

    /// Returns the entry of the topmost frame that was deferred.
    pub(super) fn deferred_entry(&self) -> Option<EntryId> {
        let topmost = self.deferred.take();
        let entry = topmost.as_ref().map(|deferred| deferred.entry);
        self.deferred.set(topmost);
        entry
    }

    /// Removes the topmost frame that was deferred, if it has this entry.
    pub(super) fn pop_deferred(&self, entry: EntryId) -> Option<Box<DeferredFrame>> {
        let mut deferred = self.deferred.take()?;
        if deferred.entry != entry {
            self.deferred.set(Some(deferred));
            return None;
        }
        self.deferred.set(deferred.outer.take());
        Some(deferred)
    }
}

impl DeferredFrame {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            entry: EntryId::NONE,
            outer: None,
        })
    }
}

impl AttachedContext {
    pub(super) fn entry(&self) -> EntryId {
        self.owner.entry()
    }

    pub(super) fn outer(&self) -> Option<Rc<Self>> {
        clone_of(&self.outer)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.previous_entry().is_none()
    }

    /// Returns the entry around this one, unless this one has ended.
    pub(super) fn previous_entry(&self) -> Option<EntryId> {
        self.with_previous(|previous| previous.entry())
    }

    /// Calls `f` with the context around this one, unless this one has ended.
    pub(super) fn with_previous<R>(&self, f: impl FnOnce(&mut Previous) -> R) -> Option<R> {
        let mut previous = self.previous.take()?;
        let result = f(&mut previous);
        self.previous.set(Some(previous));
        Some(result)
    }
}

fn clone_of<T>(cell: &Cell<Option<Rc<T>>>) -> Option<Rc<T>> {
    let value = cell.take();
    cell.set(value.clone());
    value
}
