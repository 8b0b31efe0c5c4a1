//! A pointer to one erased value: a heap block that never moves and is never written while shared.

use core::any::Any;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::abort::ignore_panic;
use super::key::{Key, TypedKey};
use super::pool::{Block, Pool};
use super::refcount::RefCount;

/// The part of a block that does not depend on the type.
struct Header {
    count: RefCount,
    ops: &'static Ops,
    key: &'static Key,
}

#[repr(C)]
struct ValueBlock<T> {
    header: Header,
    value: T,
}

/// The operations on a value whose type is not known.
struct Ops {
    /// Drops the value and frees the block.
    free: unsafe fn(NonNull<Header>, &Pool),
    any: unsafe fn(NonNull<Header>) -> NonNull<dyn Any>,
    type_name: fn() -> &'static str,
    /// `true` if dropping the value runs user code.
    needs_drop: bool,
}

impl Ops {
    const fn of<T: 'static>() -> Self {
        Self {
            free: free::<T>,
            any: any::<T>,
            type_name: core::any::type_name::<T>,
            needs_drop: core::mem::needs_drop::<T>(),
        }
    }
}

/// The allocator of a block's memory.
#[derive(Clone, Copy)]
enum SizeClass {
    Bytes32,
    Bytes64,
    Bytes128,
    /// The global allocator: the block is too large for the pool, or its alignment is too strict.
    Global,
}

impl SizeClass {
    const fn of<T>() -> Self {
        if align_of::<ValueBlock<T>>() > align_of::<Block<32>>() {
            return Self::Global;
        }
        match size_of::<ValueBlock<T>>() {
            0..=32 => Self::Bytes32,
            33..=64 => Self::Bytes64,
            65..=128 => Self::Bytes128,
            _ => Self::Global,
        }
    }

    /// Allocates memory for a `ValueBlock<T>`; `self` must be `of::<T>()`.
    #[inline]
    fn alloc<T>(self, pool: &Pool) -> NonNull<ValueBlock<T>> {
        match self {
            Self::Bytes32 => leak(pool.bytes32.alloc()).cast(),
            Self::Bytes64 => leak(pool.bytes64.alloc()).cast(),
            Self::Bytes128 => leak(pool.bytes128.alloc()).cast(),
            Self::Global => leak(Box::<ValueBlock<T>>::new_uninit()).cast(),
        }
    }

    /// Frees what `alloc` returned.
    ///
    /// # Safety
    ///
    /// `block` comes from `alloc` of the same `self` and the same `T`, its content was dropped, and
    /// it is not used afterwards.
    #[inline]
    unsafe fn free<T>(self, block: NonNull<ValueBlock<T>>, pool: &Pool) {
        let block = block.as_ptr();
        // SAFETY: `alloc` leaked the block from a box of exactly this type, and a box of
        // uninitialised memory may hold any bytes.
        unsafe {
            match self {
                Self::Bytes32 => pool.bytes32.free(Box::from_raw(block.cast())),
                Self::Bytes64 => pool.bytes64.free(Box::from_raw(block.cast())),
                Self::Bytes128 => pool.bytes128.free(Box::from_raw(block.cast())),
                Self::Global => {
                    drop(Box::from_raw(block.cast::<MaybeUninit<ValueBlock<T>>>()));
                }
            }
        }
    }
}

fn leak<B>(block: Box<B>) -> NonNull<B> {
    NonNull::from(Box::leak(block))
}

/// The address of a value. It holds no reference by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValuePtr(NonNull<Header>);

impl ValuePtr {
    /// Allocates a block for `value`, with one reference.
    #[inline]
    pub(super) fn alloc<T: Send + Sync + 'static>(
        pool: &Pool,
        key: &'static TypedKey<T>,
        value: T,
    ) -> Self {
        let block = const { SizeClass::of::<T>() }.alloc::<T>(pool);
        let header = Header {
            count: RefCount::one(),
            ops: const { &Ops::of::<T>() },
            key: key.untyped(),
        };
        // SAFETY: `alloc` returned memory of the size and alignment of a `ValueBlock<T>`, and no
        // other code knows its address.
        unsafe { block.write(ValueBlock { header, value }) };
        Self(block.cast())
    }

    /// # Safety
    ///
    /// The block is alive for all of `'a`.
    #[inline]
    unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: The block is alive. No part of its header is written except for the count, which is
        // atomic.
        unsafe { self.0.as_ref() }
    }

    /// Returns the value.
    ///
    /// # Safety
    ///
    /// The block was allocated for a `TypedKey<T>`, and a reference to it is held for all of `'a`.
    #[inline]
    pub(super) unsafe fn get<'a, T>(self) -> &'a T {
        let block = self.0.cast::<ValueBlock<T>>();
        // SAFETY: The block is a `ValueBlock<T>`, because `alloc` fixes the type by the key. It is
        // alive for `'a`, and after `alloc` nothing writes the value.
        unsafe { &(*block.as_ptr()).value }
    }

    /// Adds a reference.
    ///
    /// # Safety
    ///
    /// The block is alive during the call.
    #[inline]
    pub(super) unsafe fn retain(self) {
        // SAFETY: The block is alive.
        unsafe { self.header() }.count.inc();
    }

    /// Removes a reference. Returns `true` if it was the last one, in which case the caller frees
    /// the block.
    ///
    /// # Safety
    ///
    /// The caller owns a reference and does not use it afterwards.
    #[inline]
    pub(super) unsafe fn remove_reference(self) -> bool {
        // SAFETY: The caller's reference keeps the block alive until the count is decremented.
        unsafe { self.header() }.count.dec_likely_last()
    }

    /// Returns `true` if dropping the value runs user code.
    ///
    /// # Safety
    ///
    /// The block is alive during the call.
    #[inline]
    pub(super) unsafe fn needs_drop(self) -> bool {
        // SAFETY: The block is alive.
        unsafe { self.header() }.ops.needs_drop
    }

    /// Drops the value and frees the block.
    ///
    /// # Safety
    ///
    /// No reference is left, and this is called once.
    #[inline]
    pub(super) unsafe fn free(self, pool: &Pool) {
        // SAFETY: The block is alive, since only this frees it, and `ops` is that of its type.
        unsafe { (self.header().ops.free)(self.0, pool) };
    }

    /// # Safety
    ///
    /// The block is alive during the call.
    #[inline]
    pub(super) unsafe fn key(self) -> &'static Key {
        // SAFETY: The block is alive.
        unsafe { self.header() }.key
    }

    /// # Safety
    ///
    /// A reference to the block is held for all of `'a`.
    pub(super) unsafe fn any<'a>(self) -> &'a dyn Any {
        // SAFETY: The block is alive, and `ops` is that of its type.
        let any = unsafe { (self.header().ops.any)(self.0) };
        // SAFETY: It points into the block, which is alive for `'a` and which nothing writes.
        unsafe { any.as_ref() }
    }

    /// # Safety
    ///
    /// The block is alive during the call.
    pub(super) unsafe fn type_name(self) -> &'static str {
        // SAFETY: The block is alive.
        (unsafe { self.header() }.ops.type_name)()
    }
}

/// Drops the value, then frees the block, even if the value's `Drop` panics.
///
/// # Safety
///
/// `header` is the front of a `ValueBlock<T>` without references.
unsafe fn free<T>(header: NonNull<Header>, pool: &Pool) {
    struct DeallocGuard<'p, T>(NonNull<ValueBlock<T>>, &'p Pool);
    impl<T> Drop for DeallocGuard<'_, T> {
        fn drop(&mut self) {
            // SAFETY: `ValuePtr::alloc::<T>` allocated the block from this size class. The value in
            // it was dropped before this runs, as far as it could be.
            unsafe { const { SizeClass::of::<T>() }.free(self.0, self.1) };
        }
    }
    let block = DeallocGuard::<T>(header.cast(), pool);
    // SAFETY: The block is a `ValueBlock<T>` that no reference can reach. The header needs no drop.
    let drop_value = || unsafe { (&raw mut (*block.0.as_ptr()).value).drop_in_place() };
    if core::mem::needs_drop::<T>() && std::thread::panicking() {
        // The thread may be unwinding from another value's `Drop`: a second panic would abort.
        ignore_panic(drop_value);
    } else {
        drop_value();
    }
}

/// # Safety
///
/// `header` is the front of a `ValueBlock<T>` to which a reference is held.
unsafe fn any<T: 'static>(header: NonNull<Header>) -> NonNull<dyn Any> {
    // SAFETY: The block is a `ValueBlock<T>` and alive.
    let value: &T = unsafe { ValuePtr(header).get() };
    NonNull::from(value as &dyn Any)
}
