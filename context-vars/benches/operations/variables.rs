//! The variables of each library: eight numbers, a text, and one kibibyte.
//!
//! All operations share them, so that in a program that runs all of them these have the first
//! ids and an inline slot, as the variables of most programs have.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use context_vars::{ContextVar, context_var};
use opentelemetry::Context;
use tokio::task_local;

pub(crate) type Kibibyte = [u8; 1024];

context_var! {
    pub(crate) static V0: u64;
    pub(crate) static V1: u64;
    pub(crate) static V2: u64;
    pub(crate) static V3: u64;
    pub(crate) static V4: u64;
    pub(crate) static V5: u64;
    pub(crate) static V6: u64;
    pub(crate) static V7: u64;
    pub(crate) static TEXT: Arc<str>;
    pub(crate) static KIB: Kibibyte;
    #[no_inherit]
    pub(crate) static LOCAL: u64;
    /// Never set.
    pub(crate) static DEFAULTED: u64 = 7;
}

/// The seven that are set around a scope of `V0`.
pub(crate) static OTHERS: [&ContextVar<u64>; 7] = [&V1, &V2, &V3, &V4, &V5, &V6, &V7];

task_local! {
    pub(crate) static T0: u64;
    pub(crate) static T1: u64;
    pub(crate) static T2: u64;
    pub(crate) static T3: u64;
    pub(crate) static T4: u64;
    pub(crate) static T5: u64;
    pub(crate) static T6: u64;
    pub(crate) static T7: u64;
    pub(crate) static TOKIO_TEXT: Arc<str>;
    pub(crate) static TOKIO_KIB: Kibibyte;
}

thread_local! {
    pub(crate) static L0: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L1: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L2: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L3: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L4: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L5: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L6: Cell<u64> = const { Cell::new(0) };
    pub(crate) static L7: Cell<u64> = const { Cell::new(0) };
    pub(crate) static LOCAL_TEXT: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
    pub(crate) static LOCAL_KIB: Cell<Kibibyte> = const { Cell::new([0; 1024]) };
}

/// OpenTelemetry distinguishes values by their types.
pub(crate) struct Otel<const NUMBER: usize>(pub(crate) u64);
pub(crate) struct OtelText(pub(crate) Arc<str>);
pub(crate) struct OtelKib(pub(crate) Kibibyte);

/// Seven values beside number 0.
pub(crate) fn otel_others() -> Context {
    Context::new()
        .with_value(Otel::<1>(1))
        .with_value(Otel::<2>(2))
        .with_value(Otel::<3>(3))
        .with_value(Otel::<4>(4))
        .with_value(Otel::<5>(5))
        .with_value(Otel::<6>(6))
        .with_value(Otel::<7>(7))
}

pub(crate) fn text() -> Arc<str> {
    "alice".into()
}

#[inline(never)]
pub(crate) fn read_v0() -> u64 {
    V0.get()
}

#[inline(never)]
pub(crate) fn read_t0() -> u64 {
    T0.get()
}

#[inline(never)]
pub(crate) fn read_l0() -> u64 {
    L0.get()
}

#[inline(never)]
pub(crate) fn read_otel() -> u64 {
    Context::map_current(|context| context.get::<Otel<0>>().map_or(0, |number| number.0))
}

/// Sets a thread-local for one call, as programs do by hand.
#[inline]
pub(crate) fn replaced<T, R>(
    local: &'static std::thread::LocalKey<Cell<T>>,
    value: T,
    call: impl FnOnce() -> R,
) -> R {
    struct Restore<T: 'static>(&'static std::thread::LocalKey<Cell<T>>, Option<T>);
    impl<T> Drop for Restore<T> {
        #[inline]
        fn drop(&mut self) {
            if let Some(old) = self.1.take() {
                self.0.set(old);
            }
        }
    }
    let _restore = Restore(local, Some(local.replace(value)));
    call()
}

/// `nested!(sync_scope, value, [A B C], end)`: scopes of one variable each, `A`'s outermost.
macro_rules! nested {
    ($value:expr, [], $end:expr) => { $end };
    ($value:expr, [$first:ident $($rest:ident)*], $end:expr) => {
        $first.sync_scope($value, || nested!($value, [$($rest)*], $end))
    };
}
/// The same, of thread-locals.
macro_rules! nested_locals {
    ($value:expr, [], $end:expr) => { $end };
    ($value:expr, [$first:ident $($rest:ident)*], $end:expr) => {
        replaced(&$first, $value, || nested_locals!($value, [$($rest)*], $end))
    };
}
/// The same, of futures.
macro_rules! nested_futures {
    ($value:expr, [], $end:expr) => { $end };
    ($value:expr, [$first:ident $($rest:ident)*], $end:expr) => {
        $first.scope($value, nested_futures!($value, [$($rest)*], $end))
    };
}
pub(crate) use {nested, nested_futures, nested_locals};
