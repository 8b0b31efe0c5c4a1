//! Blocks of memory that a thread keeps for its next value or node.
//!
//! A scope allocates one node and a block per value and frees them at its end, so most blocks are soon
//! needed again. A block can be freed on another thread than it was allocated on, because all blocks are
//! allocated and freed by the global allocator.
//!
//! Free lists hide a use after free from AddressSanitizer and valgrind. With `--cfg
//! context_vars_no_free_lists`, which the scripts under `.ci` set, the global allocator allocates every
//! block and frees it immediately. A caller that asks for a kept block then gets a new block, so that the
//! same code runs.

use core::cell::Cell;
use core::mem::MaybeUninit;

/// The maximum number of blocks of one size that a thread keeps.
const CAPACITY: usize = 64;

/// `BYTES` uninitialised bytes, aligned for types with an alignment of up to 16 bytes.
#[repr(align(16))]
pub(crate) struct Block<const BYTES: usize>(#[allow(dead_code)] MaybeUninit<[u8; BYTES]>);

/// The free blocks of one size.
///
/// The list is a stack in an array, because a linked list would store its links in memory that a use after
/// free could still write.
pub(crate) struct FreeList<const BYTES: usize> {
    /// The block freed last. A scope that allocates one block and frees it uses only this field.
    last: Cell<Option<Box<Block<BYTES>>>>,
    blocks: [Cell<Option<Box<Block<BYTES>>>>; CAPACITY - 1],
    len: Cell<usize>,
    /// `true` if blocks are kept, which begins when the thread has arranged to free them at its end.
    open: Cell<bool>,
}

impl<const BYTES: usize> FreeList<BYTES> {
    const fn new() -> Self {
        Self {
            last: Cell::new(None),
            blocks: [const { Cell::new(None) }; CAPACITY - 1],
            len: Cell::new(0),
            open: Cell::new(false),
        }
    }

    #[inline]
    pub(crate) fn alloc(&self) -> Box<Block<BYTES>> {
        self.pop().unwrap_or_else(fresh)
    }

    #[inline]
    pub(crate) fn free(&self, block: Box<Block<BYTES>>) {
        if cfg!(context_vars_no_free_lists) || !self.open.get() {
            return;
        }
        if let Some(before) = self.last.replace(Some(block)) {
            self.push(before);
        }
    }

    #[inline]
    fn push(&self, block: Box<Block<BYTES>>) {
        let len = self.len.get();
        // `get` instead of an index, so that callers need no landing pad for a panic.
        if let Some(empty) = self.blocks.get(len) {
            // Forgetting the `None` that was there avoids a drop.
            core::mem::forget(empty.replace(Some(block)));
            self.len.set(len + 1);
        }
    }

    /// Returns a kept block, or `None` if the list is empty. Calls the allocator only if free lists are
    /// switched off.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Box<Block<BYTES>>> {
        if cfg!(context_vars_no_free_lists) {
            return self.open.get().then(fresh);
        }
        if let Some(block) = self.last.take() {
            return Some(block);
        }
        // If the list is empty, `last` wraps to an index that no array has, so `get` returns `None`.
        let last = self.len.get().wrapping_sub(1);
        let block = self.blocks.get(last)?.take();
        self.len.set(last);
        block
    }

    fn close(&self) {
        self.open.set(false);
        while self.pop().is_some() {}
    }
}

#[cold]
fn fresh<const BYTES: usize>() -> Box<Block<BYTES>> {
    Box::new(Block(MaybeUninit::uninit()))
}

/// The size of a node, which `map/node.rs` asserts: 20 words.
pub(crate) const NODE_BYTES: usize = 20 * size_of::<usize>();

/// A thread's free lists, one per size.
pub(crate) struct Pool {
    pub(crate) bytes32: FreeList<32>,
    pub(crate) bytes64: FreeList<64>,
    pub(crate) bytes128: FreeList<128>,
    pub(crate) nodes: FreeList<NODE_BYTES>,
}

impl Pool {
    pub(crate) const fn new() -> Self {
        Self {
            bytes32: FreeList::new(),
            bytes64: FreeList::new(),
            bytes128: FreeList::new(),
            nodes: FreeList::new(),
        }
    }

    /// Starts to keep blocks. The caller must ensure that [`close`](Self::close) is called when the
    /// thread ends.
    pub(crate) fn open(&self) {
        self.bytes32.open.set(true);
        self.bytes64.open.set(true);
        self.bytes128.open.set(true);
        self.nodes.open.set(true);
    }

    /// Frees all blocks and keeps none from now on.
    pub(crate) fn close(&self) {
        self.bytes32.close();
        self.bytes64.close();
        self.bytes128.close();
        self.nodes.close();
    }
}
