//! Contexts that one call makes current and another call ends (R22).
//!
//! Scopes, `run` and polls nest strictly, because stack frames and closures create them. An attached
//! context does not: its guard may be dropped at any time, or never. So the thread keeps a list of
//! attached contexts, and must handle three unusual orders:
//!
//! * A scope, `run` or poll ends while contexts that were attached inside of it are still current.
//!   It ends them first.
//! * A guard is dropped while another attached context is above its own. Its context is then taken out
//!   from under the other one.
//! * A guard is dropped while a scope, `run` or poll is right above its context. The context is then
//!   on the stack of that frame and cannot be reached. It is marked as *released*, and the frame takes
//!   it out when the frame ends.
//!
//! A frame does not search the list when it ends. It has to compare its entry with the thread's anyway,
//! and calls [`ThreadState::settle`] only if they differ. In the first case they differ because the
//! attached context is the innermost entry. In the third case the entry of the topmost frame is replaced
//! by [`EntryId::DEFERRED`]. When that frame ends, it replaces the entry of the next frame in the same
//! way, until the frame that is right above the released context has ended.

use core::cell::Cell;
use std::rc::Rc;

use super::attachments::{AttachedContext, DeferredFrame};
use super::entry::{EntryId, EntryOwner, Previous};
use super::state::{ThreadState, thread_state};
use crate::raw::abort::{abort_out_of_order, ignore_panic};
use crate::raw::context::RawContext;

/// The guard of an attached context.
pub(crate) struct Attachment(Rc<AttachedContext>);

impl Attachment {
    /// Makes `context` current until the guard is dropped or the frame around the call ends.
    pub(crate) fn new(context: RawContext) -> Self {
        let thread = thread_state();
        // If the context is attached in the root, it must end at the latest when the thread ends.
        thread.make_live();
        // A context that a callback attaches belongs to the task of the callback.
        let owner = EntryOwner::acting();
        // Allocated before anything changes, because an allocator may use variables.
        let attached = Rc::new(AttachedContext {
            owner,
            previous: Cell::new(None),
            outer: Cell::new(None),
            ended: Cell::new(None),
            is_released: Cell::new(false),
        });
        // SAFETY: The list of the thread keeps the owner until the context has been left.
        let previous = unsafe { thread.enter(attached.entry(), context) };
        let innermost = &thread.attachments.innermost;
        attached.previous.set(Some(previous));
        attached.outer.set(innermost.take());
        innermost.set(Some(Rc::clone(&attached)));
        Self(attached)
    }

    /// Ends the attachment. Returns the context with the values that were set in it. Returns `None` if a
    /// scope, `run` or poll that began under it still runs: that frame then has the context, and drops it
    /// when the frame ends.
    pub(crate) fn detach(&self) -> Option<RawContext> {
        match self.detach_in_order() {
            Some(context) => context,
            None => self.detach_out_of_order(),
        }
    }

    /// Ends the attachment if it is the innermost entry, or returns the context if it has ended before.
    /// Returns `None` if another entry is above it.
    fn detach_in_order(&self) -> Option<Option<RawContext>> {
        let attached = &*self.0;
        let thread = thread_state();
        if attached.has_ended() {
            Some(attached.ended.take())
        } else if thread.entry.get() == attached.entry() {
            Some(thread.pop_attached())
        } else {
            None
        }
    }

    #[cold]
    fn detach_out_of_order(&self) -> Option<RawContext> {
        let attached = &*self.0;
        let thread = thread_state();
        let attachments = &thread.attachments;
        let mut spare = None;
        loop {
            if let Some(context) = self.detach_in_order() {
                return context;
            }
            if let Some(above) = attachments.right_above(attached) {
                return above.with_previous(|previous| thread.take_out(attached, previous))?;
            }
            if spare.is_some() {
                attached.is_released.set(true);
                let topmost = thread.entry.get();
                thread.entry.set(attachments.defer(topmost, &mut spare));
                return None;
            }
            // Everything is looked at again afterwards, because an allocator may attach and detach.
            spare = Some(DeferredFrame::new());
        }
    }
}

impl Drop for Attachment {
    #[inline]
    fn drop(&mut self) {
        // A context that ended earlier is dropped with its `AttachedContext`.
        if !self.0.has_ended() {
            drop(self.detach());
        }
    }
}

/// The objects that [`ThreadState::settle`] could not drop, because a `Drop` or an allocator may attach and
/// detach. The caller drops them when the frame has been left.
#[derive(Default)]
pub(super) struct SettleLeftovers {
    released: Option<RawContext>,
    attached: Option<Rc<AttachedContext>>,
    spare: Option<Box<DeferredFrame>>,
}

impl ThreadState {
    /// Ends the contexts that keep the frame with this entry from ending. These are contexts that were
    /// attached inside of it, and a released context right below it, which is then removed from `previous`.
    ///
    /// Called when the frame's entry is not the current one.
    pub(super) fn settle(&self, entry: EntryId, previous: &mut Previous) -> SettleLeftovers {
        let mut leftovers = SettleLeftovers::default();
        loop {
            while self.entry.get() != entry {
                if self.entry.get() == EntryId::DEFERRED {
                    leftovers.spare = Some(self.restore_deferred(entry));
                } else {
                    self.end_innermost();
                }
            }
            if leftovers.spare.is_some() || !self.attachments.any_released() {
                break;
            }
            // Everything is looked at again afterwards, because an allocator may attach and detach.
            leftovers.spare = Some(DeferredFrame::new());
        }
        // From here to the end of the frame nothing is allocated, freed or dropped.
        if let Some(attached) = self.attachments.released_at(previous.entry()) {
            // A scope that ends may borrow from the context that is taken out.
            self.own_current();
            leftovers.released = self.take_out(&attached, previous);
            leftovers.attached = Some(attached);
        }
        if self.attachments.any_released() {
            let around = self
                .attachments
                .defer(previous.entry(), &mut leftovers.spare);
            previous.set_entry(around);
        }
        leftovers
    }

    /// Ends the contexts that were attached inside of the frame with this entry. The frame continues.
    #[inline]
    pub(super) fn end_attached_above(&self, entry: EntryId) {
        #[cold]
        #[inline(never)]
        fn end_all(entry: EntryId) {
            let thread = thread_state();
            while ![entry, EntryId::DEFERRED].contains(&thread.entry.get()) {
                thread.end_innermost();
            }
        }
        if self.entry.get() != entry {
            end_all(entry);
        }
    }

    /// Restores the entry of the current frame, which must be the frame that was deferred last.
    fn restore_deferred(&self, entry: EntryId) -> Box<DeferredFrame> {
        let Some(deferred) = self.attachments.pop_deferred(entry) else {
            abort_out_of_order();
        };
        self.entry.set(entry);
        deferred
    }

    /// Ends the contexts that are attached in the thread's root. Called when the thread ends.
    pub(super) fn end_attached(&self) {
        while self.attachments.innermost_at(self.entry.get()).is_some() {
            ignore_panic(|| drop(self.pop_attached()));
        }
    }

    /// Ends the innermost attached context, which is current.
    fn pop_attached(&self) -> Option<RawContext> {
        let attached = self.attachments.innermost.take()?;
        self.attachments.innermost.set(attached.outer.take());
        let previous = attached.previous.take()?;
        Some(self.leave(attached.entry(), previous))
    }

    /// Ends the innermost attached context, which must be current, before its guard.
    fn end_innermost(&self) {
        let Some(attached) = self.attachments.innermost_at(self.entry.get()) else {
            abort_out_of_order();
        };
        attached.ended.set(self.pop_attached());
    }

    /// Ends an attached context that `above` holds. After that, `above` holds the context around
    /// the attached one.
    fn take_out(&self, attached: &AttachedContext, above: &mut Previous) -> Option<RawContext> {
        // The context is handed to code that may drop it on another thread.
        self.heap.retain_active_reads();
        self.attachments.unlink(attached);
        Some(above.replace(attached.previous.take()?))
    }
}
