//! Blocks of memory that a thread keeps for its next value or node.
//!
//! A scope takes one node and a block per value and gives them back at its end, so most blocks
//! are wanted again at once. A block may be given back on another thread than it was taken on:
//! all of them come from the global allocator and are freed to it.
//!
//! Lists hide a use after free from AddressSanitizer and valgrind. With `--cfg
//! context_vars_no_free_lists`, which the scripts under `.ci` set, every block is a fresh one and is
//! freed when it is given back; who asks for one that is kept gets one all the same, so that the
//! same code runs.

use core::cell::Cell;
use core::mem::MaybeUninit;

/// How many blocks of one size a thread keeps at most.
const MOST: usize = 64;

/// `BYTES` bytes without a content, aligned for everything up to 16 bytes.
#[repr(align(16))]
pub(crate) struct Block<const BYTES: usize>(#[allow(dead_code)] MaybeUninit<[u8; BYTES]>);

/// The free blocks of one size: a stack in an array, so that nothing is linked through memory
/// that somebody might still write.
pub(crate) struct FreeList<const BYTES: usize> {
    /// The block given back last. A scope takes one and gives it back, and so touches nothing else.
    last: Cell<Option<Box<Block<BYTES>>>>,
    blocks: [Cell<Option<Box<Block<BYTES>>>>; MOST - 1],
    len: Cell<usize>,
    /// Whether the list takes any; not until the thread has arranged to free them at its end.
    open: Cell<bool>,
}

impl<const BYTES: usize> FreeList<BYTES> {
    const fn new() -> Self {
        Self {
            last: Cell::new(None),
            blocks: [const { Cell::new(None) }; MOST - 1],
            len: Cell::new(0),
            open: Cell::new(false),
        }
    }

    #[inline]
    pub(crate) fn take(&self) -> Box<Block<BYTES>> {
        self.pop().unwrap_or_else(fresh)
    }

    #[inline]
    pub(crate) fn give(&self, block: Box<Block<BYTES>>) {
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
        // Not an index, so that there is no panic that the callers would have to provide for.
        if let Some(place) = self.blocks.get(len) {
            // The place is empty: forgetting its `None` spares a drop.
            core::mem::forget(place.replace(Some(block)));
            self.len.set(len + 1);
        }
    }

    /// A block, if one is kept.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Box<Block<BYTES>>> {
        if cfg!(context_vars_no_free_lists) {
            return self.open.get().then(fresh);
        }
        if let Some(block) = self.last.take() {
            return Some(block);
        }
        let last = self.len.get().checked_sub(1)?;
        self.len.set(last);
        self.blocks.get(last)?.take()
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

/// A thread's free lists, one per size.
pub(crate) struct Pool {
    pub(crate) bytes32: FreeList<32>,
    pub(crate) bytes64: FreeList<64>,
    pub(crate) bytes128: FreeList<128>,
    pub(crate) nodes: FreeList<NODE_BYTES>,
}

/// The size of a node of the storage, which asserts it.
pub(crate) const NODE_BYTES: usize = 160;

impl Pool {
    pub(crate) const fn new() -> Self {
        Self {
            bytes32: FreeList::new(),
            bytes64: FreeList::new(),
            bytes128: FreeList::new(),
            nodes: FreeList::new(),
        }
    }

    /// Starts to keep blocks. Whoever calls this calls [`close`](Self::close) at thread end.
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
