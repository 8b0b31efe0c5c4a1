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
    /// Drops the value, if that runs code. The block stays allocated.
    drop: Option<unsafe fn(NonNull<Header>)>,
    any: unsafe fn(NonNull<Header>) -> NonNull<dyn Any>,
    type_name: fn() -> &'static str,
    dealloc: Dealloc,
}

/// Frees a block whose content was dropped.
///
/// # Safety
///
/// The block comes from [`SizeClass::alloc`] for the type in whose [`Ops`] the function is, and is not used
/// afterwards.
type Dealloc = unsafe fn(NonNull<Header>, &Pool);

impl Ops {
    const fn of<T: 'static>() -> Self {
        Self {
            drop: if core::mem::needs_drop::<T>() {
                Some(drop_value::<T>)
            } else {
                None
            },
            any: any::<T>,
            type_name: core::any::type_name::<T>,
            dealloc: match SizeClass::of::<T>().dealloc() {
                Some(dealloc) => dealloc,
                None => dealloc_boxed::<T>,
            },
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

    /// Returns the function that frees the blocks of this class, or `None` for `Global`, whose blocks have the
    /// type of the value.
    // Not generic, so that the functions are not compiled again for each type.
    const fn dealloc(self) -> Option<Dealloc> {
        // SAFETY: `alloc` leaked the block of this class from a box of the same type, which may hold any bytes.
        // The caller does not use the block afterwards.
        unsafe {
            match self {
                Self::Bytes32 => Some(|block, pool| pool.bytes32.free(unleak(block))),
                Self::Bytes64 => Some(|block, pool| pool.bytes64.free(unleak(block))),
                Self::Bytes128 => Some(|block, pool| pool.bytes128.free(unleak(block))),
                Self::Global => None,
            }
        }
    }
}

fn leak<B>(block: Box<B>) -> NonNull<B> {
    NonNull::from(Box::leak(block))
}

/// # Safety
///
/// The block was leaked from a `Box<B>`, and is not used afterwards.
unsafe fn unleak<B>(block: NonNull<Header>) -> Box<B> {
    // SAFETY: The requirements are the same.
    unsafe { Box::from_raw(block.as_ptr().cast()) }
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
        unsafe { self.header() }.ops.drop.is_some()
    }

    /// Frees the block, whose value needs no drop or was dropped.
    ///
    /// # Safety
    ///
    /// No reference is left, and this is called once.
    #[inline]
    pub(super) unsafe fn dealloc(self, pool: &Pool) {
        // SAFETY: The block is alive, since only this frees it, once. `alloc` wrote the `ops` of its type there.
        // The header needs no drop.
        unsafe { (self.header().ops.dealloc)(self.0, pool) };
    }

    /// Drops the value and frees the block, even if the value's `Drop` panics.
    ///
    /// # Safety
    ///
    /// No reference is left, and this is called once.
    pub(super) unsafe fn drop_and_dealloc(self, pool: &Pool) {
        struct DeallocGuard<'p>(ValuePtr, &'p Pool);
        impl Drop for DeallocGuard<'_> {
            fn drop(&mut self) {
                // SAFETY: No reference is left, and `drop_and_dealloc` calls nothing else that frees the block. The
                // value was dropped before this runs, as far as it could be.
                unsafe { self.0.dealloc(self.1) };
            }
        }
        let block = DeallocGuard(self, pool);
        // SAFETY: The block is alive until the guard is dropped.
        let Some(drop) = (unsafe { self.header() }).ops.drop else {
            // Callers free such a block by `dealloc`.
            return;
        };
        // SAFETY: `ops` is that of the block's type, no reference can reach the value, and this is called once.
        let drop = || unsafe { drop(block.0.0) };
        if std::thread::panicking() {
            // The thread may be unwinding from another value's `Drop`: a second panic would abort.
            ignore_panic(drop);
        } else {
            drop();
        }
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

/// # Safety
///
/// `SizeClass::alloc` leaked the block from a `Box<MaybeUninit<ValueBlock<T>>>`. It is not used afterwards.
unsafe fn dealloc_boxed<T>(block: NonNull<Header>, _: &Pool) {
    // SAFETY: The requirements are the same.
    drop(unsafe { unleak::<MaybeUninit<ValueBlock<T>>>(block) });
}

/// # Safety
///
/// `header` is the front of a `ValueBlock<T>` without references, and this is called once.
unsafe fn drop_value<T>(header: NonNull<Header>) {
    let block = header.cast::<ValueBlock<T>>();
    // SAFETY: The block is a `ValueBlock<T>`, and no reference can reach its value.
    unsafe { (&raw mut (*block.as_ptr()).value).drop_in_place() };
}

/// # Safety
///
/// `header` is the front of a `ValueBlock<T>` to which a reference is held.
unsafe fn any<T: 'static>(header: NonNull<Header>) -> NonNull<dyn Any> {
    // SAFETY: The block is a `ValueBlock<T>` and alive.
    let value: &T = unsafe { ValuePtr(header).get() };
    NonNull::from(value as &dyn Any)
}
