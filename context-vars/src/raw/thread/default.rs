//! The defaults of variables, each computed once in the program.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;

use super::enter::run_in;
use super::state::thread_state;
use super::write::new_value;
use crate::raw::context::RawContext;
use crate::raw::key::{Key, TypedKey};
use crate::raw::value::TypedValue;

/// A declared default: how it is computed, and the one result that every reader gets.
///
/// It is `Sync` for every `T`, so that a type that cannot be shared causes only one error, that of
/// `__private::Shareable`, which has a helpful message. Every method of a variable requires `Send + Sync`.
pub(crate) struct DefaultCell<T: 'static> {
    compute: Option<fn() -> T>,
    value: OnceLock<TypedValue<T>>,
    /// The number of threads that are computing it.
    computing: AtomicU32,
}

/// The maximum number of threads that compute one default. More threads are not a race: each was
/// started by the computation on the thread before it, which waits for it. Without a limit, this
/// would go on until no thread can be started.
const MAX_COMPUTING: u32 = 1024;

impl<T: 'static> DefaultCell<T> {
    pub(crate) const fn new(compute: Option<fn() -> T>) -> Self {
        Self {
            compute,
            value: OnceLock::new(),
            computing: AtomicU32::new(0),
        }
    }
}

impl<T: Send + Sync + 'static> DefaultCell<T> {
    /// Returns the default, after computing it if no thread has done so.
    ///
    /// # Panics
    ///
    /// Panics if computing the default reads the default itself, on this thread or through other
    /// threads.
    #[inline]
    #[track_caller]
    pub(crate) fn get(&'static self, key: &'static TypedKey<T>) -> Option<&'static T> {
        let value = match self.value.get() {
            Some(value) => value,
            None => self.compute(key)?,
        };
        Some(value.get())
    }

    // Returns the block instead of a `&T`, so that every read, also that of a value that is set, ends with the
    // same load from a block. Otherwise each read would take one instruction more.
    #[cold]
    #[track_caller]
    fn compute(&'static self, key: &'static TypedKey<T>) -> Option<&'static TypedValue<T>> {
        let compute = self.compute?;
        let _guard = thread_state().init_stack.push(key.untyped());
        let _computing = Computing::begin(&self.computing, key.untyped());
        // This context is dropped after the result is stored, because the `Drop` of a value that the
        // default sets in it may read the variable.
        let mut empty = RawContext::EMPTY;
        let computed = run_in(&mut empty, compute);
        // A thread that lost the race drops its own result here, in the context that reads.
        drop(self.value.set(new_value(key, computed)));
        self.value.get()
    }
}

/// A guard that counts this thread among the threads that compute a default.
struct Computing<'a>(&'a AtomicU32);

impl<'a> Computing<'a> {
    #[track_caller]
    fn begin(count: &'a AtomicU32, key: &'static Key) -> Self {
        let computing = Self(count);
        assert!(
            count.fetch_add(1, Ordering::Relaxed) < MAX_COMPUTING,
            "the default of context variable `{key}` needs itself, since 1024 threads are computing it \
             at once: computing it reads the variable on another thread (declared at {})",
            key.location
        );
        computing
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
