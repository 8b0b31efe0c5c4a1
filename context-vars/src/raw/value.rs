//! Counted references to values. `thread/release.rs` releases them when they are dropped.

use core::any::Any;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::panic::{RefUnwindSafe, UnwindSafe};

use super::key::{Key, TypedKey};
use super::pool::Pool;
use super::value_ptr::ValuePtr;

/// A counted reference to a value whose type is erased.
pub(crate) struct Value(ValuePtr);

// SAFETY: `ValuePtr::alloc` asks for `T: Send + Sync`, so both the value and references to it may
// be used and dropped on any thread; the count is atomic; the rest of the block is never written.
unsafe impl Send for Value {}
// SAFETY: `&Value` gives no more than `&T` and new references, and `T: Send + Sync`.
unsafe impl Sync for Value {}
// The block is never written, so a panic cannot leave it half-written. Like `Arc`, this says nothing about
// interior mutability of `T`.
impl UnwindSafe for Value {}
impl RefUnwindSafe for Value {}

impl Value {
    /// Takes a reference to the value at `ptr`.
    ///
    /// # Safety
    ///
    /// The block is alive during the call.
    #[inline]
    pub(super) unsafe fn retain(ptr: ValuePtr) -> Self {
        // SAFETY: The block is alive.
        unsafe { ptr.retain() };
        Self(ptr)
    }

    /// Takes over a reference that is owned without a `Value`.
    ///
    /// # Safety
    ///
    /// Such a reference exists and no other code takes it over.
    #[inline]
    pub(super) unsafe fn from_ptr(ptr: ValuePtr) -> Self {
        Self(ptr)
    }

    /// Returns the address. The caller now owns the reference.
    #[inline]
    pub(super) fn into_ptr(self) -> ValuePtr {
        ManuallyDrop::new(self).0
    }

    #[inline]
    pub(super) fn ptr(&self) -> ValuePtr {
        self.0
    }

    #[inline]
    pub(super) fn key(&self) -> &'static Key {
        // SAFETY: `self` holds a reference.
        unsafe { self.0.key() }
    }
}

impl Clone for Value {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference.
        unsafe { Self::retain(self.0) }
    }
}

/// A counted reference to a value of type `T`.
pub(crate) struct TypedValue<T: 'static>(Value, PhantomData<fn(T) -> T>);

impl<T: Send + Sync + 'static> TypedValue<T> {
    #[inline]
    pub(super) fn new(pool: &Pool, key: &'static TypedKey<T>, value: T) -> Self {
        let ptr = ValuePtr::alloc(pool, key, value);
        Self(Value(ptr), PhantomData)
    }
}

impl<T: 'static> TypedValue<T> {
    /// # Safety
    ///
    /// `value` was found under the id of a `TypedKey<T>`.
    #[inline]
    pub(super) unsafe fn from_untyped(value: Value) -> Self {
        Self(value, PhantomData)
    }

    #[inline]
    pub(crate) fn into_untyped(self) -> Value {
        self.0
    }

    #[cfg(feature = "http")]
    #[inline]
    pub(crate) fn untyped(&self) -> &Value {
        &self.0
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: `new` and `from_untyped` guarantee the type, and `self` holds a reference.
        unsafe { self.0.ptr().get() }
    }
}

/// A value that a scope takes over together with others.
///
/// It has no destructor, and leaks if it is not taken over. Functions that create several values would
/// otherwise contain code that drops the first ones in case the memory for the next cannot be allocated.
#[allow(missing_debug_implementations)] // only generated code reaches it
#[must_use = "it leaks unless a scope takes it over"]
pub struct ScopeValue(ManuallyDrop<Value>);

impl ScopeValue {
    #[inline]
    pub(super) fn new<T>(value: TypedValue<T>) -> Self {
        Self(ManuallyDrop::new(value.into_untyped()))
    }

    #[inline]
    pub(super) fn into_value(self) -> Value {
        ManuallyDrop::into_inner(self.0)
    }
}

/// The values that a scope takes over, in order. Values that the scope does not take are dropped.
// A slice that is matched, because a debug build calls several functions for each step of the slice's iterator.
pub(super) struct ScopeValues<'a>(&'a [ScopeValue]);

impl<'a> ScopeValues<'a> {
    /// # Safety
    ///
    /// The caller does not use the values again.
    #[inline]
    pub(super) unsafe fn new(values: &'a [ScopeValue]) -> Self {
        Self(values)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next value together with the result of `f` for it. Leaves the value and returns
    /// `None` if `f` returns `None`.
    #[inline]
    pub(super) fn next_if_some<R>(
        &mut self,
        f: impl FnOnce(&Value) -> Option<R>,
    ) -> Option<(R, Value)> {
        let [ScopeValue(value), ..] = self.0 else {
            return None;
        };
        let result = f(value)?;
        Some((result, self.next()?))
    }
}

impl Iterator for ScopeValues<'_> {
    type Item = Value;

    #[inline]
    fn next(&mut self) -> Option<Value> {
        let [ScopeValue(value), rest @ ..] = self.0 else {
            return None;
        };
        self.0 = rest;
        // SAFETY: The value is returned once, since it is no longer in the slice, and the caller of `new` does
        // not use it.
        Some(unsafe { Value::from_ptr(value.ptr()) })
    }
}

impl Drop for ScopeValues<'_> {
    // Values are left here if setting an earlier one drops a previous value whose `Drop` panics.
    #[inline]
    fn drop(&mut self) {
        for value in self {
            drop(value);
        }
    }
}

/// A value that some map keeps alive for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct ValueRef<'a>(ValuePtr, PhantomData<&'a ()>);

// SAFETY: It gives no more than `&T`, and `ValuePtr::alloc` asks for `T: Send + Sync`.
unsafe impl Send for ValueRef<'_> {}
// SAFETY: As for `Send`: it gives no more than `&T`, and `T: Sync`.
unsafe impl Sync for ValueRef<'_> {}

impl<'a> ValueRef<'a> {
    /// # Safety
    ///
    /// A reference to the block is held for all of `'a`.
    #[inline]
    pub(super) unsafe fn new(ptr: ValuePtr) -> Self {
        Self(ptr, PhantomData)
    }

    /// # Safety
    ///
    /// The value was found under the id of a `TypedKey<T>`.
    #[inline]
    pub(super) unsafe fn get<T>(self) -> &'a T {
        // SAFETY: The type is right, and the block is alive for `'a`.
        unsafe { self.0.get() }
    }

    pub(crate) fn any(self) -> &'a dyn Any {
        // SAFETY: The block is alive for `'a`.
        unsafe { self.0.any() }
    }

    pub(crate) fn key(self) -> &'static Key {
        // SAFETY: The block is alive for `'a`.
        unsafe { self.0.key() }
    }

    pub(crate) fn type_name(self) -> &'static str {
        // SAFETY: The block is alive for `'a`.
        unsafe { self.0.type_name() }
    }
}
