//! The persistent map from a variable's id to its value, behind one pointer.
//!
//! The first fifteen variables have an inline slot in the map's node, so that a read is one access
//! to an array. All others are in a [tree](tree::Tree) beside the slots.
//!
//! Copies of a map share its node. A node is changed in place while only one map has it.
//! `thread/release.rs` releases nodes when maps are dropped.
//!
//! # Borrowed forks
//!
//! A scope of a synchronous function ends before the context around it changes. Its map is therefore a
//! *borrowed fork*. The fork's node begins as a bitwise copy that counts none of its values, and
//! records in `owned` the references that it takes later. The cost of a scope therefore does not
//! depend on the number of variables that are set around it.

mod owned_mask;
mod tree;
mod node;

use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};

use self::node::{Node, NodeDropGuard};
use super::heap::ThreadHeap;
use super::pool::{Block, NODE_BYTES, Pool};
use super::value::{ScopeValues, Value, ValueRef};
use super::value_ptr::ValuePtr;
use super::var_id::VarId;

pub(crate) use self::node::{InlineSlot, Replaced};

/// The node of every map without values, never counted and never written.
struct EmptyNode(Node);
// SAFETY: Its count is never 1, so nothing ever writes it.
unsafe impl Sync for EmptyNode {}

static EMPTY: EmptyNode = EmptyNode(Node::immortal());

/// A map from ids to values. Clones share one node.
#[repr(transparent)]
pub(crate) struct Map(NonNull<Node>);

// SAFETY: Values are `Send + Sync`, counts are atomic, and a node that another map has as well is
// not written. A borrowed fork never leaves the thread that made it, see `fork_borrowed`.
unsafe impl Send for Map {}
// SAFETY: Through `&Map` only two kinds of nodes are written: that of a borrowed fork, by `clone`, and one
// for which the caller of `try_set` or `set_vacant` ensures that no other code uses it. Neither is shared
// between threads.
unsafe impl Sync for Map {}
// No operation runs user code, so a panic cannot leave a half-changed map.
impl UnwindSafe for Map {}
impl RefUnwindSafe for Map {}

impl Map {
    pub(crate) const EMPTY: Self = {
        // SAFETY: The address of a static is not null.
        Self(unsafe { NonNull::new_unchecked((&raw const EMPTY.0).cast_mut()) })
    };

    #[inline]
    fn node(&self) -> &Node {
        // SAFETY: The node is alive while a map has it, or static.
        unsafe { self.0.as_ref() }
    }

    /// Returns `true` if the map has the static node, which is never written.
    #[inline]
    pub(crate) fn is_static(&self) -> bool {
        ptr::eq(self.0.as_ptr(), &raw const EMPTY.0)
    }

    /// Returns the content of the variable's inline slot, or `None` if it has no such slot.
    #[inline]
    pub(super) fn inline(&self, id: VarId) -> Option<Option<ValuePtr>> {
        self.node().slot(id.index_if_inheritable())
    }

    /// Returns the address of the value, which is valid as long as the value stays in this map.
    #[inline]
    pub(super) fn get_ptr(&self, id: VarId) -> Option<ValuePtr> {
        let index = id.index();
        match self.node().slot(index) {
            Some(slot) => slot,
            None => self.node().spilled(index),
        }
    }

    /// Returns the value, for as long as the map is not changed.
    pub(crate) fn get(&self, id: VarId) -> Option<ValueRef<'_>> {
        // SAFETY: This node, or the one that it borrows from, holds a reference until the value is
        // replaced or the map dropped, which both take `&mut self`.
        Some(unsafe { ValueRef::new(self.get_ptr(id)?) })
    }

    /// Calls `visit` with every value, in no particular order.
    pub(crate) fn values<'a>(&'a self, visit: &mut impl FnMut(ValueRef<'a>)) {
        // SAFETY: As in `get`, a reference is held while the map is borrowed.
        self.node()
            .values(&mut |value| visit(unsafe { ValueRef::new(value) }));
    }

    /// Sets the variable's value and returns a reference to the previous one.
    pub(crate) fn set(&mut self, pool: &Pool, id: VarId, value: Option<Value>) -> Option<Value> {
        if value.is_none() && self.get_ptr(id).is_none() {
            return None;
        }
        if !self.node().count.is_one() {
            // All references of the old node are in the fork as well: this drops no value.
            *self = self.fork(pool);
        }
        let index = id.index();
        match InlineSlot::at(index) {
            // SAFETY: What this map borrows from has not changed since.
            Some(slot) => unsafe { self.node().set(slot, value).retain() },
            None => self.node().set_spilled(index, value),
        }
    }

    /// Sets an inline slot if only this map has the node, and otherwise returns `value` as the
    /// error. Most sets are of the first kind.
    ///
    /// # Safety
    ///
    /// No other code reads or writes the map meanwhile. The method takes `&self` only because no
    /// `&mut` to the current context's map can be created.
    #[inline]
    pub(super) unsafe fn try_set(
        &self,
        id: VarId,
        value: Option<Value>,
    ) -> Result<Replaced, Option<Value>> {
        match InlineSlot::of(id) {
            Some(slot) if self.node().count.is_one() => Ok(self.node().set(slot, value)),
            _ => Err(value),
        }
    }

    /// Takes over values one after the other, as long as this needs neither another node nor the drop of a
    /// previous value.
    ///
    /// # Safety
    ///
    /// The same as for [`try_set`](Self::try_set).
    #[inline]
    pub(super) unsafe fn set_vacant(&self, values: &mut ScopeValues<'_>) {
        if self.node().count.is_one() {
            self.node().set_vacant(values);
        }
    }

    /// Creates a copy with a new node, which owns all of its references.
    fn fork(&self, pool: &Pool) -> Self {
        // Allocated before the fork begins to borrow, because an allocator may set variables.
        let memory = pool.nodes.alloc();
        // SAFETY: Until the fork is made owned, `self` is borrowed and nothing is called.
        let fork = unsafe { self.fork_borrowed(memory) };
        fork.own_all_of(self);
        fork
    }

    /// Takes references for a fork of `origin` to everything that the fork borrows.
    #[inline]
    pub(super) fn own_all_of(&self, origin: &Self) {
        if origin.is_static() {
            // The static node has no values to borrow.
            self.node().borrows.set(false);
        } else {
            // SAFETY: The callers made the fork and no other map has its node; `origin` keeps alive
            // what it borrows.
            unsafe { self.node().make_owned() };
        }
    }

    /// Creates a copy in `memory` that borrows the values of this map and takes no references to
    /// them.
    ///
    /// Calls no allocator.
    ///
    /// # Safety
    ///
    /// Until the fork is dropped or [owns all](Self::own_all_of), `self` is neither changed nor
    /// dropped, and the fork stays on this thread. Dropping it touches only what it owns.
    #[inline]
    pub(super) unsafe fn fork_borrowed(&self, memory: Box<Block<NODE_BYTES>>) -> Self {
        // SAFETY: The caller keeps `self` unchanged, and with it its node.
        Self(unsafe { self.node().fork_borrowed(memory) })
    }

    /// Sets a slot of a fork that was just made and owns nothing yet.
    #[inline]
    pub(super) fn set_first(&mut self, slot: InlineSlot, value: Value) {
        self.node().set_first(slot, value);
    }

    /// Removes the map's reference to its node, and frees the node if it was the last.
    ///
    /// A value whose `Drop` panics does not keep the others from being dropped.
    ///
    /// # Safety
    ///
    /// `self` is not used afterwards: this is the work of `Drop`.
    #[inline]
    pub(super) unsafe fn release(&mut self, heap: &ThreadHeap) {
        heap.retain_active_reads();
        if self.node().count.dec() {
            NodeDropGuard::free(self.0, heap);
        }
    }

    /// Like [`release`](Self::release), for a map that is likely to be the only one with its node.
    ///
    /// # Safety
    ///
    /// The same as for `release`.
    #[inline]
    pub(super) unsafe fn release_likely_last(&mut self, heap: &ThreadHeap) {
        heap.retain_active_reads();
        if self.node().count.dec_likely_last() {
            NodeDropGuard::free_inline(self.0, heap);
        }
    }
}

impl Clone for Map {
    #[inline]
    fn clone(&self) -> Self {
        if !self.is_static() {
            let node = self.node();
            if node.borrows.get() {
                // SAFETY: The node of a borrowed fork is never shared, so only `self` has it, on
                // this thread. Everything that it borrows is alive as long as the fork is.
                unsafe { node.make_owned() };
            }
            node.count.inc();
        }
        Self(self.0)
    }
}
