//! The persistent map from a variable's number to its value, behind one pointer.
//!
//! The first fifteen variables stand in the map's own node, so that a read of one is an index;
//! all others in a [`Tree`] beside them. Place 0 stays empty for ever: a variable that was never
//! set has the number 0, and reading it takes no branch of its own.
//!
//! A node is shared by all copies of a map and changed in place while only one map has it.
//!
//! # Leaning
//!
//! A scope of a synchronous function is over before the context around it changes. Its node
//! therefore *leans*: it starts as a bitwise copy that counts none of the values it found, and
//! notes in `owned` which references came to be its own. A scope thus costs the same however many
//! variables are set around it.
//!
//! # Why it is sound
//!
//! * A node is written only through a [`Map`] that holds its one reference. The count of the
//!   static empty node is never 1.
//! * A reference that `owned` names belongs to the node. One that it does not name belongs to the
//!   node leant on, or to one below that, and whoever called [`Map::lean`] promised that those
//!   stay unchanged until this node is released, which touches only what it owns.
//! * A leaning node is never shared: [`Map::clone`] first counts what it borrows
//!   ([`Node::settle`]), after which it leans no more.
//! * The `Cell`s of a node cross threads with it. That is sound because a shared node is never
//!   written, not even its `owned`.
//!
//! `impl Drop for Map` stands in `current/slot.rs`, because giving references back needs the
//! thread's slot.

pub(crate) mod owned_mask;
mod tree;

use core::cell::{Cell, UnsafeCell};
use core::mem::{self, ManuallyDrop};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};

use self::owned_mask::Owned;
use self::tree::Tree;
use crate::raw::pool::{Block, NODE_BYTES, Pool};
use crate::raw::refcount::RefCount;
use crate::raw::value::{Value, ValuePtr, ValueRef};

/// How many places a node has; place 0 is the one that stays empty.
const WIDTH: usize = 16;
/// What stands for the tree in `owned`: place 0 has no use for it.
const TREE: usize = 0;

struct Node {
    count: RefCount,
    /// Which of the references below are this node's own.
    owned: Owned,
    /// Whether the others are borrowed. If not, every reference is the node's own.
    leans: Cell<bool>,
    tree: UnsafeCell<ManuallyDrop<Option<Tree>>>,
    places: [Cell<Option<ValuePtr>>; WIDTH],
}

const _: () = assert!(size_of::<Node>() == NODE_BYTES);
const _: () = assert!(align_of::<Node>() <= align_of::<Block<NODE_BYTES>>());

/// The node of every map without a value, never counted, never written.
struct EmptyNode(Node);
// SAFETY: Its count is never 1, so nothing ever writes it.
unsafe impl Sync for EmptyNode {}

static EMPTY: EmptyNode = EmptyNode(Node {
    count: RefCount::immortal(),
    owned: Owned::none(),
    leans: Cell::new(false),
    tree: UnsafeCell::new(ManuallyDrop::new(None)),
    places: [const { Cell::new(None) }; WIDTH],
});

impl Node {
    /// The tree, for reading.
    fn tree(&self) -> Option<&Tree> {
        // SAFETY: The tree is written by `replace_in_tree` alone, which hands out no reference into
        // it and runs no code that reads it meanwhile.
        unsafe { &*self.tree.get() }.as_ref()
    }

    /// A copy of this node's content that leans on it.
    #[inline]
    fn lean(&self) -> Self {
        Self {
            count: RefCount::one(),
            owned: Owned::none(),
            leans: Cell::new(true),
            // SAFETY: The place is valid for reads. The copy lies in a `ManuallyDrop`, and as
            // `owned` does not name it, it is never dropped or changed.
            tree: UnsafeCell::new(unsafe { ptr::read(self.tree.get()) }),
            places: self.places.clone(),
        }
    }

    /// Counts every reference that is not the node's own, after which all of them are.
    ///
    /// # Safety
    ///
    /// Only the caller has this node, and what it borrows is alive.
    unsafe fn settle(&self) {
        for (number, place) in self.places.iter().enumerate() {
            if let Some(value) = place.get().filter(|_| !self.owned.has(number)) {
                // SAFETY: The value is alive by the caller's promise. `owned` will say that the
                // new reference is the node's.
                mem::forget(unsafe { value.counted() });
                self.owned.set(number, true);
            }
        }
        if let Some(tree) = self.tree().filter(|_| !self.owned.has(TREE)) {
            // The clone is what the node owns from now on; its bits are the ones that lie here.
            mem::forget(tree.clone());
            self.owned.set(TREE, true);
        }
        self.leans.set(false);
    }
}

/// A map from numbers to values; `clone` shares.
#[repr(transparent)]
pub(crate) struct Map(NonNull<Node>);

// SAFETY: Values are `Send + Sync`, counts are atomic, and a node that another map has too is not
// written. A leaning map never leaves the frame of the scope that made it, see `lean`.
unsafe impl Send for Map {}
// SAFETY: As above; through `&Map` nothing is written but a leaning node, by `clone`, and one that
// `try_replace` is promised for; neither is ever shared between threads.
unsafe impl Sync for Map {}
// Every operation ends with a whole map or does not begin: none runs code of the user's.
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

    /// Whether this is the map that was never written.
    #[inline]
    pub(crate) fn is_static(&self) -> bool {
        ptr::eq(self.0.as_ptr(), &raw const EMPTY.0)
    }

    /// The place with this number, if it is in the node: an index, not a search.
    #[inline]
    pub(crate) fn near(&self, number: u32) -> Option<Option<ValuePtr>> {
        self.node().places.get(number as usize).map(Cell::get)
    }

    /// The value under `number`, valid as long as it stays in this map.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<ValuePtr> {
        self.near(number)
            .unwrap_or_else(|| self.get_in_tree(number))
    }

    fn get_in_tree(&self, number: u32) -> Option<ValuePtr> {
        let tree = self.node().tree()?;
        tree.get(number - WIDTH as u32).map(Value::ptr)
    }

    /// The value under `number`, for as long as the map is not changed.
    pub(crate) fn look(&self, number: u32) -> Option<ValueRef<'_>> {
        // SAFETY: This node has a reference, or the one leant on, until `replace` or `release`,
        // which take `&mut self`.
        Some(unsafe { self.get(number)?.look() })
    }

    /// Calls `visit` with every value, in no order that means anything.
    pub(crate) fn values<'a>(&'a self, visit: &mut impl FnMut(ValueRef<'a>)) {
        for value in self.node().places.iter().filter_map(Cell::get) {
            // SAFETY: As in `look`.
            visit(unsafe { value.look() });
        }
        if let Some(tree) = self.node().tree() {
            // SAFETY: As in `look`, of the tree's own references.
            tree.values(&mut |value| visit(unsafe { value.ptr().look() }));
        }
    }

    /// Puts `value` under `number` and returns a reference to what stood there.
    pub(crate) fn replace(
        &mut self,
        pool: &Pool,
        number: u32,
        value: Option<Value>,
    ) -> Option<Value> {
        if value.is_none() && self.get(number).is_none() {
            return None;
        }
        if !self.node().count.is_one() {
            // The old node's references are all in the copy: dropping it drops no value.
            *self = self.counted_copy(pool);
        }
        let node = self.node();
        if number as usize >= WIDTH {
            return node.replace_in_tree(number - WIDTH as u32, value);
        }
        // SAFETY: This map was not changed since.
        unsafe { node.replace_near(number as usize, value).counted() }
    }

    /// As [`replace`](Self::replace), if `number` is a place in a node that only this map has;
    /// else hands `value` back. Most sets are of this kind.
    ///
    /// # Safety
    ///
    /// Nobody reads or writes the map meanwhile: this is `&mut self` for a map that lies in a
    /// place to which references are not made.
    #[inline]
    pub(crate) unsafe fn try_replace(
        &self,
        number: u32,
        value: Option<Value>,
    ) -> Result<Displaced, Option<Value>> {
        if !Self::is_near(number) || !self.node().count.is_one() {
            return Err(value);
        }
        Ok(self.node().replace_near(number as usize % WIDTH, value))
    }

    /// A copy with references of its own.
    fn counted_copy(&self, pool: &Pool) -> Self {
        // SAFETY: The copy leans on `self`, which is borrowed, until the next line only.
        let copy = unsafe { self.lean(pool.nodes.take()) };
        self.settle(&copy);
        copy
    }

    /// Lets a copy that leans on this map lean no more.
    #[inline]
    fn settle(&self, copy: &Self) {
        if self.is_static() {
            // Nothing is borrowed.
            copy.node().leans.set(false);
        } else {
            // SAFETY: The callers made the copy and nobody else has it; `self` keeps alive what
            // it borrows.
            unsafe { copy.node().settle() };
        }
    }

    /// A copy that counts nothing it finds here.
    ///
    /// # Safety
    ///
    /// Until the copy is released, `self` is neither changed nor dropped, and what is made here is
    /// used on this thread alone. The release itself touches only what the copy owns.
    #[inline]
    pub(crate) unsafe fn lean(&self, memory: Box<Block<NODE_BYTES>>) -> Self {
        let memory = NonNull::from(Box::leak(memory)).cast::<Node>();
        // SAFETY: The block has a node's size and alignment, as asserted above, and is nobody
        // else's.
        unsafe { memory.write(self.node().lean()) };
        Self(memory)
    }

    /// As [`lean`](Self::lean), into `memory`, with `value` put under a number that
    /// [`is_near`](Self::is_near): what a scope of one variable starts from.
    ///
    /// # Safety
    ///
    /// That of `lean`.
    #[inline]
    pub(crate) unsafe fn lean_with(
        &self,
        memory: Box<Block<NODE_BYTES>>,
        number: u32,
        value: Value,
    ) -> Self {
        // SAFETY: The caller's promise.
        let copy = unsafe { self.lean(memory) };
        let node = copy.node();
        // Nothing is displaced: the copy owns nothing yet.
        let place = number as usize % WIDTH;
        node.owned.set(place, true);
        node.places[place].set(Some(value.into_ptr()));
        copy
    }

    /// A copy with references of its own, in `memory`, with `value` put under a number that
    /// [`is_near`](Self::is_near): what the scope of a future starts from.
    #[inline]
    pub(crate) fn copy_with(
        &self,
        memory: Box<Block<NODE_BYTES>>,
        number: u32,
        value: Value,
    ) -> Self {
        // SAFETY: The copy leans on `self`, which is borrowed, until the next line only.
        let copy = unsafe { self.lean_with(memory, number, value) };
        self.settle(&copy);
        copy
    }

    /// Whether `number` names a place in the node that may be filled.
    #[inline]
    pub(crate) fn is_near(number: u32) -> bool {
        number.wrapping_sub(1) < WIDTH as u32 - 1
    }

    /// Takes the map's reference to its node away; frees the node if it was the last.
    ///
    /// A value whose `Drop` panics does not keep the others from being dropped.
    ///
    /// # Safety
    ///
    /// `self` is not used afterwards: this is the work of `Drop`.
    #[inline]
    pub(crate) unsafe fn release(&mut self, pool: &Pool) {
        if self.node().count.dec() {
            Left::free(self.0, pool);
        }
    }

    /// As [`release`](Self::release), for a map that is likely to be the only one with its node.
    ///
    /// # Safety
    ///
    /// That of `release`.
    #[inline]
    pub(crate) unsafe fn release_own(&mut self, pool: &Pool) {
        if self.node().count.dec_likely_last() {
            Left::free_here(self.0, pool);
        }
    }
}

/// What stood in a place.
#[must_use = "it may have to be dropped"]
pub(crate) enum Displaced {
    /// A reference of the node's own, now the caller's.
    Own(Value),
    /// Nothing, or a value to which the node leant on has the reference.
    Borrowed(Option<ValuePtr>),
}

impl Displaced {
    /// What was the node's own, for those who only drop it: a value of the node leant on needs no
    /// counting then.
    #[inline]
    pub(crate) fn own(self) -> Option<Value> {
        match self {
            Self::Own(old) => Some(old),
            Self::Borrowed(_) => None,
        }
    }

    /// A reference to what stood there.
    ///
    /// # Safety
    ///
    /// The map that it stood in still leans on what it leant on.
    #[inline]
    pub(crate) unsafe fn counted(self) -> Option<Value> {
        match self {
            Self::Own(old) => Some(old),
            // SAFETY: The node leant on has the value, and a reference to it.
            Self::Borrowed(old) => old.map(|old| unsafe { old.counted() }),
        }
    }
}

impl Node {
    /// Writes a place of a node that only the caller has.
    #[inline]
    fn replace_near(&self, number: usize, value: Option<Value>) -> Displaced {
        let was_own = self.owned.has(number);
        self.owned.set(number, value.is_some());
        match self.places[number].replace(value.map(Value::into_ptr)) {
            // SAFETY: `owned` said that the reference was the node's own.
            Some(old) if was_own => Displaced::Own(unsafe { old.into_value() }),
            old => Displaced::Borrowed(old),
        }
    }

    /// As [`Map::replace`], for a node that only the caller has.
    fn replace_in_tree(&self, index: u32, value: Option<Value>) -> Option<Value> {
        // SAFETY: Only the caller has the node, and no reference into the tree is held: `get`
        // hands out pointers to values, which do not lie in it. `Tree::replace` runs no code of
        // the user's that could ask for the tree again.
        let slot = unsafe { &mut *self.tree.get() };
        if !self.owned.has(TREE) {
            // A tree leant on stays as it is: what is changed is a counted copy.
            *slot = ManuallyDrop::new(slot.as_ref().cloned());
            self.owned.set(TREE, true);
        }
        slot.get_or_insert_with(Tree::new).replace(index, value)
    }
}

impl Clone for Map {
    #[inline]
    fn clone(&self) -> Self {
        if !self.is_static() {
            let node = self.node();
            if node.leans.get() {
                // SAFETY: A leaning node is never shared, so only `self` has it, on this thread;
                // what it leans on is alive by the promise given to `lean`.
                unsafe { node.settle() };
            }
            node.count.inc();
        }
        Self(self.0)
    }
}

/// What is left of a node that nobody has any more: its memory, and the references it owns.
struct Left<'p> {
    node: NonNull<Node>,
    pool: &'p Pool,
}

impl<'p> Left<'p> {
    // Not inlined: most maps are dropped while another has the node, too.
    #[inline(never)]
    fn free(node: NonNull<Node>, pool: &'p Pool) {
        Self::free_here(node, pool);
    }

    /// Gives back all that `node` has, and the node itself.
    #[inline(always)]
    fn free_here(node: NonNull<Node>, pool: &'p Pool) {
        let mut left = ManuallyDrop::new(Self { node, pool });
        match left.only_value() {
            // The end of most scopes. The value goes last, so nothing is left if it panics.
            Some(value) => {
                left.give_back_memory();
                drop(value);
            }
            None => Self::free_all(node, pool),
        }
    }

    #[inline(never)]
    fn free_all(node: NonNull<Node>, pool: &'p Pool) {
        let mut left = Self { node, pool };
        left.give_back_values();
        left.give_back_memory();
        // Nothing is left for the destructor, which goes on behind a value's `Drop` that panics.
        mem::forget(left);
    }

    /// The value, if the node owns exactly one and no tree.
    #[inline]
    fn only_value(&mut self) -> Option<Value> {
        // SAFETY: The memory is given back behind this, and nobody else has the node.
        let node = unsafe { self.node.as_ref() };
        let place = node.owned.only()?;
        // Place 0, which stands for the tree in `owned`, is always empty.
        let value = node.places[place].get()?;
        node.owned.set(place, false);
        // SAFETY: `owned` said that the reference is the node's, and says so no more.
        Some(unsafe { value.into_value() })
    }

    fn give_back_values(&mut self) {
        // SAFETY: The memory is given back behind this, and nobody else has the node.
        let node = unsafe { self.node.as_ref() };
        // Taken out first: if a value's `Drop` panics, the destructor goes on behind it.
        while let Some(place) = node.owned.take_one() {
            if let Some(value) = node.places[place].get() {
                // SAFETY: `owned` said that the reference is the node's, and says so no more.
                drop(unsafe { value.into_value() });
            } else {
                // Place 0 is always empty and stands for the tree.
                // SAFETY: `owned` said that the tree is the node's, and says so no more.
                drop(unsafe { ManuallyDrop::take(&mut *node.tree.get()) });
            }
        }
    }

    #[inline]
    fn give_back_memory(&mut self) {
        // SAFETY: The memory was leaked from such a box in `lean`, and nobody has it any
        // more. What a node has to drop was dropped.
        let block = unsafe { Box::from_raw(self.node.as_ptr().cast::<Block<NODE_BYTES>>()) };
        self.pool.nodes.give(block);
    }
}

impl Drop for Left<'_> {
    #[cold]
    fn drop(&mut self) {
        // The thread is unwinding: a value that panicked now, too, would do so quietly.
        self.give_back_values();
        self.give_back_memory();
    }
}
