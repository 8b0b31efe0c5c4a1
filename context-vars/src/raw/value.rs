//! One erased value: a heap block that never moves and is never written while it is shared.
//!
//! # Why it is sound
//!
//! * A [`ValuePtr`] points to a [`Header`] at the front of a `ValueBlock<T>`, made by
//!   [`Value::new`] alone. The block lives as long as its count is not 0, and a [`Value`] holds
//!   one of the counted references.
//! * After `new` nothing writes the `T` until the last reference goes, so `&T` is good for as
//!   long as a reference is held, on whatever thread.
//! * `T: Send + Sync` at `new` is what `Send` and `Sync` of `Value`, and of everything built on
//!   it, rest on.
//! * The type is fixed by the variable: `new` takes the `ContextVar<T>` itself and stores its
//!   `Info`, and nobody puts a value under the number of another variable: `access.rs` and
//!   `context.rs` make values of the variable they put them under, `ContextVar::reset` compares
//!   the token's variable with its own first, and debug builds assert it wherever a value comes in.
//!
//! `impl Drop for Value` stands in `current/slot.rs`, because giving a reference back needs the
//! thread's slot.

use core::any::Any;
use core::cell::Cell;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};
use std::panic::catch_unwind;

use crate::error::out_of_order;
use crate::raw::pool::{Block, Pool};
use crate::raw::refcount::RefCount;
use crate::var::{ContextVar, Info, Made};

/// The part of a block that does not depend on the type.
struct Header {
    count: RefCount,
    ops: &'static Ops,
    info: &'static Info,
}

#[repr(C)]
struct ValueBlock<T> {
    header: Header,
    value: T,
}

/// What can be done with a value whose type is not known.
struct Ops {
    /// Drops the value and frees the block. The caller gave back the last reference.
    free: unsafe fn(NonNull<Header>, &Pool),
    /// The value as `dyn Any`. The caller holds a reference for as long as it uses the result.
    any: unsafe fn(NonNull<Header>) -> NonNull<dyn Any>,
    type_name: fn() -> &'static str,
}

/// Where the memory of a block comes from and goes to.
#[derive(Clone, Copy)]
enum Source {
    Bytes32,
    Bytes64,
    Bytes128,
    /// Too large, or aligned beyond what a pool's block is: the global allocator.
    Global,
}

impl Source {
    const fn of<T>() -> Self {
        let bytes = size_of::<ValueBlock<T>>();
        if align_of::<ValueBlock<T>>() > align_of::<Block<32>>() {
            return Self::Global;
        }
        match bytes {
            0..=32 => Self::Bytes32,
            33..=64 => Self::Bytes64,
            65..=128 => Self::Bytes128,
            _ => Self::Global,
        }
    }

    /// Memory for a `ValueBlock<T>`, which the caller must have asked `of::<T>()` about.
    #[inline]
    fn take<T>(self, pool: &Pool) -> NonNull<ValueBlock<T>> {
        match self {
            Self::Bytes32 => leak(pool.bytes32.take()).cast(),
            Self::Bytes64 => leak(pool.bytes64.take()).cast(),
            Self::Bytes128 => leak(pool.bytes128.take()).cast(),
            Self::Global => leak(Box::<ValueBlock<T>>::new_uninit()).cast(),
        }
    }

    /// Gives back what `take` gave.
    ///
    /// # Safety
    ///
    /// `block` comes from `take` of the same `self` and the same `T`, its content was dropped,
    /// and it is not used afterwards.
    #[inline]
    unsafe fn give<T>(self, block: NonNull<ValueBlock<T>>, pool: &Pool) {
        // SAFETY: The block was leaked from a box of the type that its source names, by the
        // caller's promise, and an uninitialised box may hold anything.
        unsafe {
            match self {
                Self::Bytes32 => pool.bytes32.give(Box::from_raw(block.as_ptr().cast())),
                Self::Bytes64 => pool.bytes64.give(Box::from_raw(block.as_ptr().cast())),
                Self::Bytes128 => pool.bytes128.give(Box::from_raw(block.as_ptr().cast())),
                Self::Global => drop(Box::from_raw(
                    block
                        .as_ptr()
                        .cast::<core::mem::MaybeUninit<ValueBlock<T>>>(),
                )),
            }
        }
    }
}

fn leak<B>(block: Box<B>) -> NonNull<B> {
    NonNull::from(Box::leak(block))
}

/// The value's place in memory, with no say in how long it is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValuePtr(NonNull<Header>);

impl ValuePtr {
    /// The value of `var` that this points to.
    ///
    /// # Safety
    ///
    /// The pointer was found under the number of a `ContextVar<T>`, or made for it, and a
    /// reference to the block is held for all of `'a`.
    #[inline]
    pub(crate) unsafe fn get<'a, T>(self) -> &'a T {
        let block = self.0.cast::<ValueBlock<T>>();
        // SAFETY: A variable's number holds only blocks made for that variable, so the block is a
        // `ValueBlock<T>`. It is alive for `'a` by the caller's promise and nothing writes it.
        unsafe { &(*block.as_ptr()).value }
    }

    /// A counted reference beside the one that keeps the block alive now.
    ///
    /// # Safety
    ///
    /// Somebody holds a reference to the block during the call.
    #[inline]
    pub(crate) unsafe fn counted(self) -> Value {
        // SAFETY: The block is alive by the caller's promise.
        unsafe { self.0.as_ref() }.count.inc();
        Value(self)
    }

    /// The value, for looking at it.
    ///
    /// # Safety
    ///
    /// A reference to the block is held for all of `'a`.
    #[inline]
    pub(crate) unsafe fn look<'a>(self) -> ValueRef<'a> {
        ValueRef(self, PhantomData)
    }

    /// The counted reference that [`Value::into_ptr`] or [`counted`](Self::counted) stood for.
    ///
    /// # Safety
    ///
    /// Such a reference exists and nobody else takes it over.
    #[inline]
    pub(crate) unsafe fn into_value(self) -> Value {
        Value(self)
    }
}

/// One counted reference to a value.
pub(crate) struct Value(ValuePtr);

// SAFETY: `new` asks for `T: Send + Sync`, so both the value and references to it may be used and
// dropped on any thread; the count is atomic; the rest of the block is never written.
unsafe impl Send for Value {}
// SAFETY: As above; `&Value` gives no more than `&T` and new references.
unsafe impl Sync for Value {}
// The block is never written, so a panic cannot leave it half-written; what a `T` does inside is
// its own affair, as with `Arc`, and DESIGN promises it for `Context`.
impl UnwindSafe for Value {}
impl RefUnwindSafe for Value {}

impl Value {
    #[inline]
    pub(crate) fn new<T: Send + Sync + 'static>(
        pool: &Pool,
        var: &'static ContextVar<T>,
        value: T,
    ) -> Self {
        let block = const { Source::of::<T>() }.take::<T>(pool);
        let header = Header {
            count: RefCount::one(),
            ops: const { &Ops::of::<T>() },
            info: &var.info,
        };
        // SAFETY: `take` gave memory of the size and alignment of a `ValueBlock<T>` that nobody
        // else knows of.
        unsafe { block.write(ValueBlock { header, value }) };
        Self(ValuePtr(block.cast()))
    }

    /// The place alone; the reference is now the caller's to account for.
    #[inline]
    pub(crate) fn into_ptr(self) -> ValuePtr {
        ManuallyDrop::new(self).0
    }

    #[inline]
    pub(crate) fn ptr(&self) -> ValuePtr {
        self.0
    }

    /// Whether this is a value of the variable that `info` describes, to be asserted.
    pub(crate) fn is_of(&self, info: &'static Info) -> bool {
        ptr::eq(self.look().info(), info)
    }

    pub(crate) fn look(&self) -> ValueRef<'_> {
        // SAFETY: `self` holds a reference as long as it is borrowed.
        unsafe { self.0.look() }
    }

    /// Takes the reference away and frees the block if it was the last.
    ///
    /// # Safety
    ///
    /// `self` is not used afterwards: this is the work of `Drop`.
    #[inline]
    pub(crate) unsafe fn release(&mut self, pool: &Pool) {
        // SAFETY: `self` holds a reference, which is not given back before the next line.
        let header = unsafe { self.0.0.as_ref() };
        let ops = header.ops;
        if header.count.dec_likely_last() {
            // SAFETY: That was the last reference.
            unsafe { (ops.free)(self.0.0, pool) };
        }
    }
}

impl Clone for Value {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference.
        unsafe { self.0.counted() }
    }
}

/// A value that somebody keeps for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct ValueRef<'a>(ValuePtr, PhantomData<&'a ()>);

// SAFETY: It gives no more than `&T`, and `Value::new` asks for `T: Send + Sync`.
unsafe impl Send for ValueRef<'_> {}
// SAFETY: As above.
unsafe impl Sync for ValueRef<'_> {}

impl<'a> ValueRef<'a> {
    fn header(self) -> &'a Header {
        // SAFETY: `look` promised that the block is alive for `'a`. The header is never written
        // but for the count, which is atomic.
        unsafe { self.0.0.as_ref() }
    }

    pub(crate) fn any(self) -> &'a dyn Any {
        // SAFETY: `look` promised that the block is alive for `'a`.
        let any = unsafe { (self.header().ops.any)(self.0.0) };
        // SAFETY: It points into the block, which nothing writes.
        unsafe { any.as_ref() }
    }

    pub(crate) fn info(self) -> &'static Info {
        self.header().info
    }

    pub(crate) fn type_name(self) -> &'static str {
        (self.header().ops.type_name)()
    }
}

impl Ops {
    const fn of<T: 'static>() -> Self {
        Self {
            free: free::<T>,
            any: any::<T>,
            type_name: core::any::type_name::<T>,
        }
    }
}

/// Drops the value, then frees the block, also if the drop panics.
///
/// # Safety
///
/// `header` is the front of a `ValueBlock<T>` to which no reference is left.
unsafe fn free<T>(header: NonNull<Header>, pool: &Pool) {
    struct Memory<'p, T>(NonNull<ValueBlock<T>>, &'p Pool);
    impl<T> Drop for Memory<'_, T> {
        fn drop(&mut self) {
            // SAFETY: `Value::new::<T>` took the block from this very source; the value in it was
            // dropped before this runs, as far as it could be.
            unsafe { const { Source::of::<T>() }.give(self.0, self.1) };
        }
    }
    let memory = Memory::<T>(header.cast(), pool);
    // SAFETY: The block is a `ValueBlock<T>` without references by the caller's promise. The
    // header has nothing to drop.
    let drop_value = || unsafe { (&raw mut (*memory.0.as_ptr()).value).drop_in_place() };
    if core::mem::needs_drop::<T>() && std::thread::panicking() {
        // Another `Drop` may have panicked: a second panic would abort the process.
        quietly(drop_value);
    } else {
        drop_value();
    }
}

// ---- reads that are open ----

/// What a thread is reading at the moment, the innermost first.
pub(crate) struct OpenReads(Cell<*const Frame>);

/// A read that is open: the value it looks at, on the stack of the one who looks.
struct Frame {
    value: ValuePtr,
    /// The read around this one, or null.
    below: *const Frame,
    /// Whether the frame holds a reference to the value.
    secured: Cell<bool>,
}

impl OpenReads {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(ptr::null()))
    }

    /// Calls `f` with the value.
    ///
    /// # Safety
    ///
    /// `value` is that of a `ContextVar<T>`. Somebody holds a reference to it until `f` has
    /// returned, or calls [`secure`](Self::secure) before it is given back or handed out.
    #[inline]
    pub(crate) unsafe fn read<T, R>(&self, value: ValuePtr, f: impl FnOnce(&T) -> R) -> R {
        let frame = Frame {
            value,
            below: self.0.get(),
            secured: Cell::new(false),
        };
        let _secured = Secured(&frame);
        // SAFETY: The caller's promise. The reference that `secure` takes goes back when `look`
        // has returned.
        look(self, &frame, unsafe { value.get() }, f)
    }

    /// Takes a reference for every open read that has none yet.
    #[inline]
    pub(crate) fn secure(&self) {
        if !self.0.get().is_null() {
            self.secure_all();
        }
    }

    #[cold]
    fn secure_all(&self) {
        let mut next = self.0.get();
        while !next.is_null() {
            // SAFETY: A frame lies on this thread's stack from the moment it is linked until it
            // is unlinked.
            let frame = unsafe { &*next };
            if frame.secured.replace(true) {
                // Then all frames around it are, too.
                break;
            }
            // SAFETY: The value is alive: no reference was taken away since the frame was opened,
            // or this would have run before. `Secured` gives the new one back.
            core::mem::forget(unsafe { frame.value.counted() });
            next = frame.below;
        }
    }

    /// What tells the innermost read from any other that is open; 0 if there is none.
    #[cfg(all(feature = "tokio", tokio_unstable))]
    pub(crate) fn innermost(&self) -> usize {
        self.0.get().addr()
    }
}

/// Calls `f` while `frame` is linked.
// A function of its own, so that the compiler knows from the type of `value` that linking the frame
// does not change it: where `f` is a copy of a number, nothing is linked at all.
#[inline]
fn look<T, R>(reads: &OpenReads, frame: &Frame, value: &T, f: impl FnOnce(&T) -> R) -> R {
    reads.0.set(ptr::from_ref(frame));
    let _open = Open(reads, frame);
    f(value)
}

/// Unlinks a frame when its read is over.
struct Open<'a>(&'a OpenReads, &'a Frame);

impl Drop for Open<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(reads, frame) = *self;
        if !ptr::eq(reads.0.get(), frame) {
            out_of_order();
        }
        reads.0.set(frame.below);
    }
}

/// Gives back the reference that was taken for a frame which is no longer linked.
struct Secured<'a>(&'a Frame);

impl Drop for Secured<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.secured.get() {
            // SAFETY: `secure` counted this reference for the frame.
            drop(unsafe { self.0.value.into_value() });
        }
    }
}

// ---- defaults ----

/// The default of `var`, if it was computed.
#[inline]
pub(crate) fn kept_default<T>(var: &'static ContextVar<T>) -> Option<&'static T> {
    let made = var.default.made.get()?;
    // SAFETY: It was made for this variable, and its reference is never given back.
    Some(unsafe { made.ptr().get() })
}

/// Keeps `value` as the default of `var` if it is the first; gives the one that is kept, and
/// `value` if it came too late.
pub(crate) fn keep_default<T: Send + Sync>(
    pool: &Pool,
    var: &'static ContextVar<T>,
    value: T,
) -> (&'static T, Option<Value>) {
    let made = Made::new(Value::new(pool, var, value));
    let (kept, late) = var.default.made.keep(made);
    // SAFETY: Nobody else knows of the reference that came too late.
    let late = late.map(|late| unsafe { late.ptr().into_value() });
    // SAFETY: As in `kept_default`.
    (unsafe { kept.ptr().get() }, late)
}

impl Made {
    fn new(value: Value) -> Self {
        Self(AtomicPtr::new(value.into_ptr().0.as_ptr().cast()))
    }

    #[inline]
    fn ptr(&self) -> ValuePtr {
        // Relaxed: whoever has the `Made` has seen what happened before it was made.
        let pointer = self.0.load(Ordering::Relaxed);
        // SAFETY: `new` alone makes one, of such a pointer, and nothing writes it.
        ValuePtr(unsafe { NonNull::new_unchecked(pointer.cast()) })
    }
}

/// Runs `drop`, and goes on if it panics; the panic hook has said what there was to say.
pub(crate) fn quietly(drop: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        // Its own `Drop` might panic, too; what that leaves is forgotten.
        let dropped = catch_unwind(AssertUnwindSafe(|| core::mem::drop(payload)));
        core::mem::forget(dropped);
    }
}

/// # Safety
///
/// `header` is the front of a `ValueBlock<T>` to which a reference is held.
unsafe fn any<T: 'static>(header: NonNull<Header>) -> NonNull<dyn Any> {
    // SAFETY: The caller's promise is that of `get`.
    let value: &T = unsafe { ValuePtr(header).get() };
    NonNull::from(value as &dyn Any)
}
