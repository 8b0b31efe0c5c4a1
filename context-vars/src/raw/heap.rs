//! The memory of a thread: its free blocks, and the reads that are active on its stack.
//!
//! References to values are released through [`ThreadHeap`], which first takes a reference for every
//! active read. That is why the `&T` inside `ContextVar::with` stays valid.

use core::cell::Cell;
use core::ptr;

use super::abort::abort_out_of_order;
use super::pool::Pool;
use super::value_ptr::ValuePtr;

/// The memory from which a thread allocates values and nodes, and to which it returns them.
pub(crate) struct ThreadHeap {
    pub(super) pool: Pool,
    active_reads: ActiveReads,
    drops: Drops,
}

/// The maximum number of values that are dropped inside of each other's `Drop`.
const MAX_NESTED_DROPS: usize = 32;

/// The values that are being dropped, and the values that wait to be dropped.
///
/// A context can be the value of a variable in another context. Without the queue, a long chain of such
/// contexts would be dropped by a recursion that overflows the stack.
struct Drops {
    nested: Cell<usize>,
    waiting: Cell<Option<Box<Waiting>>>,
}

/// A value that waits to be dropped, as an entry of a linked list. A `Vec` could call an allocator that
/// releases values in the middle of a `push`, while an entry of this list is allocated before the list is
/// changed.
struct Waiting {
    value: ValuePtr,
    next: Option<Box<Waiting>>,
}

impl ThreadHeap {
    pub(super) const fn new() -> Self {
        Self {
            pool: Pool::new(),
            active_reads: ActiveReads(Cell::new(ptr::null())),
            drops: Drops {
                nested: Cell::new(0),
                waiting: Cell::new(None),
            },
        }
    }

    /// Releases a reference to a value, after every active read has taken a separate reference.
    ///
    /// # Safety
    ///
    /// The caller owns a reference and does not use it afterwards.
    #[inline]
    pub(super) unsafe fn release(&self, value: ValuePtr) {
        self.retain_active_reads();
        // SAFETY: The caller owns the reference and gives it up. If it was the last, the block is
        // freed here and nowhere else.
        unsafe {
            if value.remove_reference() {
                if value.needs_drop() {
                    self.free_with_drop(value);
                } else {
                    value.dealloc(&self.pool);
                }
            }
        }
    }

    /// Drops the values that wait, if the outermost `Drop` is ending.
    fn drop_waiting(&self) {
        let Drops { nested, waiting } = &self.drops;
        while nested.get() == 1 {
            let Some(first) = waiting.take() else { break };
            waiting.set(first.next);
            // SAFETY: The value was put into the list instead of being freed, and is taken out of it
            // once.
            unsafe { self.free_with_drop(first.value) };
        }
    }

    /// Drops a value whose `Drop` may release other values, either now or when the outermost
    /// running `Drop` ends.
    ///
    /// # Safety
    ///
    /// No reference to the value is left, and this is called once.
    #[inline(never)]
    unsafe fn free_with_drop(&self, value: ValuePtr) {
        if self.drops.nested.get() == MAX_NESTED_DROPS {
            let mut entry = Box::new(Waiting { value, next: None });
            entry.next = self.drops.waiting.take();
            return self.drops.waiting.set(Some(entry));
        }
        let _nested = NestedDrop::begin(self);
        // SAFETY: The caller's requirements are the same.
        unsafe { value.drop_and_dealloc(&self.pool) };
    }

    #[inline]
    pub(super) fn has_active_reads(&self) -> bool {
        !self.active_reads.0.get().is_null()
    }

    /// Takes a reference for every active read that has none yet.
    ///
    /// Called before references are released, and before they are handed to code that may release
    /// them on another thread.
    #[inline]
    pub(super) fn retain_active_reads(&self) {
        if self.has_active_reads() {
            self.active_reads.retain_all();
        }
    }

    /// Calls `f` with the value.
    ///
    /// # Safety
    ///
    /// `value` was allocated for a `TypedKey<T>`. A reference to it is held until `f` has returned,
    /// or until [`retain_active_reads`](Self::retain_active_reads) was called on this thread.
    #[inline]
    pub(super) unsafe fn read<T, R>(&self, value: ValuePtr, f: impl FnOnce(&T) -> R) -> R {
        let frame = ReadFrame {
            value,
            outer: self.active_reads.0.get(),
            retained: Cell::new(false),
        };
        let _release = ReleaseRetained(self, &frame);
        // SAFETY: The block is of type `T`. It stays alive because the caller's reference, or the
        // one that `retain_all` takes for the frame, is released after `with_frame` has returned.
        let value = unsafe { value.get() };
        self.active_reads.with_frame(&frame, value, f)
    }

    #[cfg(all(feature = "tokio", tokio_unstable))]
    pub(super) fn innermost_read(&self) -> InnermostRead {
        InnermostRead(self.active_reads.0.get())
    }
}

/// The innermost active read of a thread, or none. It can only be compared.
#[cfg(all(feature = "tokio", tokio_unstable))]
#[derive(PartialEq, Eq)]
pub(super) struct InnermostRead(*const ReadFrame);

/// The reads that are active on a thread, linked through their frames from the innermost outwards.
struct ActiveReads(Cell<*const ReadFrame>);

/// One active read, on the stack of the function that reads.
struct ReadFrame {
    value: ValuePtr,
    /// The read around this one, or null.
    outer: *const ReadFrame,
    /// `true` if the frame holds a reference to the value.
    retained: Cell<bool>,
}

impl ActiveReads {
    #[cold]
    fn retain_all(&self) {
        let mut next = self.0.get();
        while !next.is_null() {
            // SAFETY: A frame is on this thread's stack from when it is linked until it is unlinked.
            let frame = unsafe { &*next };
            if frame.retained.replace(true) {
                // All frames around it were retained at the same time or before.
                break;
            }
            // SAFETY: The value is alive, because no reference was released since the read began,
            // or this function would have run before. `ReleaseRetained` releases the new one.
            unsafe { frame.value.retain() };
            next = frame.outer;
        }
    }

    /// Calls `f` while `frame` is linked.
    // This is a separate function, because the type of `value` then tells the compiler that linking the
    // frame does not change it. If `f` only copies a number, the compiler then omits the linking.
    #[inline]
    fn with_frame<T, R>(&self, frame: &ReadFrame, value: &T, f: impl FnOnce(&T) -> R) -> R {
        self.0.set(ptr::from_ref(frame));
        let _unlink = Unlink(self, frame);
        f(value)
    }
}

/// A guard that unlinks a frame when its read ends.
struct Unlink<'a>(&'a ActiveReads, &'a ReadFrame);

impl Drop for Unlink<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(active, frame) = *self;
        if !ptr::eq(active.0.get(), frame) {
            abort_out_of_order();
        }
        active.0.set(frame.outer);
    }
}

/// A guard that releases the reference that was taken for a frame, after the frame was unlinked.
struct ReleaseRetained<'a>(&'a ThreadHeap, &'a ReadFrame);

impl Drop for ReleaseRetained<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(heap, frame) = *self;
        if frame.retained.get() {
            // SAFETY: `retain_all` took this reference for the frame alone.
            unsafe { heap.release(frame.value) };
        }
    }
}

/// A guard that counts a running `Drop`. When the outermost `Drop` ends, it drops the values that wait.
struct NestedDrop<'a>(&'a ThreadHeap);

impl<'a> NestedDrop<'a> {
    fn begin(heap: &'a ThreadHeap) -> Self {
        let nested = &heap.drops.nested;
        nested.set(nested.get() + 1);
        Self(heap)
    }
}

impl Drop for NestedDrop<'_> {
    fn drop(&mut self) {
        /// Drops the remaining values if the `Drop` of a waiting value panics, and ignores their panics.
        struct End<'a>(&'a ThreadHeap);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.drop_waiting();
                let nested = &self.0.drops.nested;
                nested.set(nested.get() - 1);
            }
        }
        let end = End(self.0);
        end.0.drop_waiting();
    }
}
