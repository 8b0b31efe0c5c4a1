//! The node of a map: sixteen slots and a tree, with a count of the maps that share it.

use core::cell::{Cell, UnsafeCell};
use core::mem::{self, ManuallyDrop};
use core::ptr::{self, NonNull};

use super::owned_mask::OwnedMask;
use super::tree::Tree;
use crate::raw::heap::ThreadHeap;
use crate::raw::pool::{Block, NODE_BYTES};
use crate::raw::refcount::RefCount;
use crate::raw::value::{ScopeValues, Value};
use crate::raw::value_ptr::ValuePtr;
use crate::raw::var_id::VarId;

/// The number of slots. Slot 0 is always empty, because every unassigned id names it.
pub(super) const SLOTS: usize = 16;
/// The bit that represents the tree in `owned`. It is that of slot 0, which is always empty.
const TREE: usize = 0;

pub(super) struct Node {
    pub(super) count: RefCount,
    /// The references below that belong to this node.
    owned: OwnedMask,
    /// `true` if the other references are borrowed. Otherwise all references belong to this node.
    pub(super) borrows: Cell<bool>,
    tree: UnsafeCell<ManuallyDrop<Option<Tree>>>,
    slots: [Cell<Option<ValuePtr>>; SLOTS],
}

const _: () = assert!(size_of::<Node>() <= NODE_BYTES);
const _: () = assert!(align_of::<Node>() <= align_of::<Block<NODE_BYTES>>());

/// The memory of one node.
pub(super) type NodeBlock = Box<Block<NODE_BYTES>>;

/// A slot that can hold a value: 1 to 15.
#[derive(Clone, Copy)]
pub(crate) struct InlineSlot(usize);

impl InlineSlot {
    /// Returns the slot of the variable. The sixteenth variable and later ones, local variables and
    /// unassigned ids have none.
    #[inline]
    pub(crate) fn of(id: VarId) -> Option<Self> {
        Self::at(id.index_if_inheritable())
    }

    #[inline]
    pub(super) fn at(index: usize) -> Option<Self> {
        (index.wrapping_sub(1) < SLOTS - 1).then_some(Self(index))
    }

    #[inline]
    fn index(self) -> usize {
        // The remainder tells the compiler that no check of the bounds is needed.
        self.0 % SLOTS
    }
}

/// The previous content of a slot that was set.
#[must_use = "a reference that belonged to the node must be taken over"]
pub(crate) struct Replaced {
    value: Option<ValuePtr>,
    /// `true` if the reference belonged to the node. Otherwise it belongs to the node that this one borrows
    /// from.
    was_owned: bool,
}

impl Replaced {
    /// Returns the reference if it belonged to the node. A caller that only drops it needs no
    /// reference to a borrowed value.
    #[inline]
    pub(crate) fn owned(self) -> Option<Value> {
        let value = self.value.filter(|_| self.was_owned)?;
        // SAFETY: The reference belonged to the node, which no longer has it.
        Some(unsafe { Value::from_ptr(value) })
    }

    /// Returns a reference to the value, a new one if the value was borrowed.
    ///
    /// # Safety
    ///
    /// The node that was borrowed from has not changed since.
    #[inline]
    pub(crate) unsafe fn retain(self) -> Option<Value> {
        let value = self.value?;
        if !self.was_owned {
            // SAFETY: The node that was borrowed from holds a reference.
            unsafe { value.retain() };
        }
        // SAFETY: The reference is new, or it belonged to the node, which no longer has it.
        Some(unsafe { Value::from_ptr(value) })
    }
}

impl Node {
    /// Creates the node of maps without values, which lives in a static and is never written.
    pub(super) const fn immortal() -> Self {
        Self {
            count: RefCount::immortal(),
            owned: OwnedMask::empty(),
            borrows: Cell::new(false),
            tree: UnsafeCell::new(ManuallyDrop::new(None)),
            slots: [const { Cell::new(None) }; SLOTS],
        }
    }

    /// Writes a node into `memory` that borrows everything from this one.
    ///
    /// # Safety
    ///
    /// Until the new node is freed or [made owned](Self::make_owned), this one is neither changed
    /// nor freed.
    #[inline]
    pub(super) unsafe fn fork_borrowed(&self, memory: NodeBlock) -> NonNull<Self> {
        let memory = NonNull::from(Box::leak(memory)).cast::<Self>();
        let fork = Self {
            count: RefCount::one(),
            owned: OwnedMask::empty(),
            borrows: Cell::new(true),
            // SAFETY: The tree is valid for reads. The copy is in a `ManuallyDrop`, and it is
            // neither dropped nor changed as long as `owned` does not name it.
            tree: UnsafeCell::new(unsafe { ptr::read(self.tree.get()) }),
            // Copied in one piece, because a debug build clones an array with one call for each slot, which
            // takes longer than the rest of a scope.
            // SAFETY: The slots are valid for reads, and have no destructor.
            slots: unsafe { ptr::read(&self.slots) },
        };
        // SAFETY: The block has the size and alignment of a node, as asserted above, and no other
        // code knows its address.
        unsafe { memory.write(fork) };
        memory
    }

    /// Takes a reference to everything that the node borrows.
    ///
    /// Calls no allocator.
    ///
    /// # Safety
    ///
    /// Only the caller's map has this node, and what it borrows is alive.
    pub(super) unsafe fn make_owned(&self) {
        for (index, slot) in self.slots.iter().enumerate() {
            if let Some(value) = slot.get().filter(|_| !self.owned.contains(index)) {
                // SAFETY: The value is alive. From now on `owned` records that the new reference
                // belongs to this node.
                mem::forget(unsafe { Value::retain(value) });
                self.owned.set(index, true);
            }
        }
        if let Some(tree) = self.tree().filter(|_| !self.owned.contains(TREE)) {
            // The node owns the clone from now on. The clone need not be stored, because it has the
            // same bits as the tree in the node.
            mem::forget(tree.clone());
            self.owned.set(TREE, true);
        }
        self.borrows.set(false);
    }

    /// Returns the tree, for reading.
    #[inline]
    fn tree(&self) -> Option<&Tree> {
        // SAFETY: Only `set_in_tree` writes the tree. It hands out no reference into it, and runs no
        // code that reads it meanwhile.
        unsafe { &*self.tree.get() }.as_ref()
    }

    /// Returns the content of the slot with this index, or `None` if the index is beyond the slots.
    #[inline]
    pub(super) fn slot(&self, index: usize) -> Option<Option<ValuePtr>> {
        self.slots.get(index).map(Cell::get)
    }

    /// Returns the value with an index beyond the slots.
    pub(super) fn spilled(&self, index: usize) -> Option<ValuePtr> {
        self.tree()?.get(index - SLOTS).map(Value::ptr)
    }

    /// Calls `visit` with every value.
    pub(super) fn values(&self, visit: &mut impl FnMut(ValuePtr)) {
        self.slots
            .iter()
            .filter_map(Cell::get)
            .for_each(&mut *visit);
        if let Some(tree) = self.tree() {
            tree.values(&mut |value| visit(value.ptr()));
        }
    }

    /// Sets a slot of a node that only the caller's map has.
    #[inline]
    pub(super) fn set(&self, slot: InlineSlot, value: Option<Value>) -> Replaced {
        let index = slot.index();
        let was_owned = self.owned.contains(index);
        self.owned.set(index, value.is_some());
        Replaced {
            value: self.slots[index].replace(value.map(Value::into_ptr)),
            was_owned,
        }
    }

    /// Sets a slot of a node that was just forked and owns nothing yet.
    #[inline]
    pub(super) fn set_first(&self, slot: InlineSlot, value: Value) {
        let index = slot.index();
        self.owned.set(index, true);
        self.slots[index].set(Some(value.into_ptr()));
    }

    /// Takes over the values one after the other, up to the first that has no slot or whose slot owns a
    /// value. Only the caller's map has the node.
    #[inline]
    pub(super) fn set_vacant(&self, values: &mut ScopeValues<'_>) {
        // A copy, which the compiler can keep in a register because no slot overlaps it.
        let owned = self.owned.clone();
        let vacant = |value: &Value| {
            InlineSlot::of(value.key().id()).filter(|slot| owned.insert(slot.index()))
        };
        while let Some((slot, value)) = values.next_if_some(vacant) {
            self.slots[slot.index()].set(Some(value.into_ptr()));
        }
        self.owned.copy_from(&owned);
    }

    /// Sets the value with an index beyond the slots, in a node that only the caller's map has.
    /// Because this allocates, the node must not be that of the current context.
    pub(super) fn set_spilled(&self, index: usize, value: Option<Value>) -> Option<Value> {
        // SAFETY: Only the caller's map has the node, and no reference into the tree is held, because
        // `spilled` returns pointers to values, which are not in the tree itself. The code below drops no
        // value and calls no code that could read the tree.
        let tree = unsafe { &mut *self.tree.get() };
        if !self.owned.contains(TREE) {
            // A borrowed tree stays as it is: a counted clone is changed instead.
            *tree = ManuallyDrop::new(tree.as_ref().cloned());
            self.owned.set(TREE, true);
        }
        tree.get_or_insert_with(Tree::new).set(index - SLOTS, value)
    }
}

/// A guard that frees a node that no map has: first the references that the node owns, then its
/// memory.
pub(super) struct NodeDropGuard<'h> {
    node: NonNull<Node>,
    heap: &'h ThreadHeap,
}

impl<'h> NodeDropGuard<'h> {
    // Not inlined, because most maps are dropped while another map has the node as well.
    #[inline(never)]
    pub(super) fn free(node: NonNull<Node>, heap: &'h ThreadHeap) {
        Self::free_inline(node, heap);
    }

    #[inline(always)]
    pub(super) fn free_inline(node: NonNull<Node>, heap: &'h ThreadHeap) {
        let mut guard = ManuallyDrop::new(Self { node, heap });
        match guard.only_value() {
            // The end of most scopes. The value is dropped last, so nothing is left to do if its
            // `Drop` panics.
            Some(value) => {
                guard.dealloc();
                // SAFETY: The reference belonged to the node, which is freed without releasing it.
                unsafe { heap.release(value) };
            }
            None => Self::free_all(node, heap),
        }
    }

    #[inline(never)]
    fn free_all(node: NonNull<Node>, heap: &'h ThreadHeap) {
        let mut guard = Self { node, heap };
        guard.drop_values();
        guard.dealloc();
        // The destructor is for a value whose `Drop` panics; here nothing is left for it.
        mem::forget(guard);
    }

    /// Returns the only reference that the node owns, if it owns just one and that is to a value.
    #[inline]
    fn only_value(&self) -> Option<ValuePtr> {
        // SAFETY: The memory is freed after this, and no map has the node.
        let node = unsafe { self.node.as_ref() };
        let slot = node.owned.only()?;
        // Slot 0, whose bit represents the tree, is always empty.
        node.slots[slot].get()
    }

    #[inline(always)]
    fn drop_values(&mut self) {
        // SAFETY: The memory is freed after this, and no map has the node.
        let node = unsafe { self.node.as_ref() };
        // Each bit is cleared first: if a value's `Drop` panics, the destructor continues with the
        // next value.
        while let Some(slot) = node.owned.pop() {
            if let Some(value) = node.slots[slot].get() {
                // SAFETY: `owned` recorded that the reference belongs to the node, and no longer does.
                unsafe { self.heap.release(value) };
            } else {
                // Slot 0 is always empty: its bit represents the tree.
                // SAFETY: `owned` recorded that the tree belongs to the node, and no longer does.
                drop(unsafe { ManuallyDrop::take(&mut *node.tree.get()) });
            }
        }
    }

    #[inline]
    fn dealloc(&mut self) {
        // SAFETY: `fork_borrowed` leaked the memory from such a box, and no code uses it any more. The
        // references of the node were dropped before.
        let block = unsafe { Box::from_raw(self.node.as_ptr().cast::<Block<NODE_BYTES>>()) };
        self.heap.pool.nodes.free(block);
    }
}

impl Drop for NodeDropGuard<'_> {
    #[cold]
    fn drop(&mut self) {
        // The thread is unwinding, so another value whose `Drop` panics is ignored.
        self.drop_values();
        self.dealloc();
    }
}
