//! Closures that inherit, and code that runs in an empty context.

use crate::context::Context;
use crate::in_context::ContextExt;

/// Wraps `f` so that it runs in a copy of the context that is current *now*.
///
/// Neither side sees later changes of the other. The result can be passed to any function that takes a
/// closure: a thread builder, a pool, the registration of a callback. A closure that is never called is
/// dropped inside its context too.
///
/// The future that an `async` closure returns runs outside of the copy: instead of
/// `inherit(|| async { .. })` write `async { .. }.inherit_context()`.
///
/// # Cost
///
/// Two words in addition to `f`, three with the feature `companion`. Wrapping costs as much as
/// [`Context::current`]. A call costs two swaps of the current context.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, inherit};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// USER.sync_scope("alice", || {
///     let name = std::thread::Builder::new().name("worker".into());
///     let worker = name.spawn(inherit(|| USER.get())).unwrap();
///     assert_eq!(worker.join().unwrap(), "alice");
/// });
/// # }
/// ```
pub fn inherit<R>(f: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let work = f.inherit_context();
    move || work.run(|f| f())
}

/// Equivalent to [`inherit`] for a closure that takes an argument.
///
/// The closure cannot accept a reference of every lifetime, because `A` is a single type. For the job of
/// a `rayon::Scope`, call [`Context::current`] before the job and [`run`](Context::run) inside it, or
/// mark the function that spawns the job with `#[inherit_context]`.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, inherit_with};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// let greet = USER.sync_scope("alice", || {
///     inherit_with(|greeting: &str| format!("{greeting} {}", USER.get()))
/// });
/// assert_eq!(greet("hello"), "hello alice");
/// # }
/// ```
pub fn inherit_with<A, R>(f: impl FnOnce(A) -> R) -> impl FnOnce(A) -> R {
    let work = f.inherit_context();
    move |argument| work.run(|f| f(argument))
}

/// Equivalent to [`inherit_with`] for a closure that is called many times, on many threads at once.
///
/// Each call runs in a fresh copy of the context that was current when `inherit_fn` was called.
///
/// # Cost
///
/// In addition to [`inherit`], each call increments and decrements one reference count that all threads
/// share: two atomic operations.
///
/// In a parallel iterator with very little to do for each item, make a copy for each split instead.
/// Each item then costs two swaps and no atomic operation. If an item only reads a variable, this is
/// about four times faster on two threads (`benches/par_iter.rs`). A value that one item sets is then
/// seen by the next item of its split.
///
/// ```
/// use context_vars::{Context, context_var};
/// use rayon::prelude::*;
///
/// context_var! {
///     static FACTOR: u64 = 1;
/// }
///
/// # fn main() {
/// let context = FACTOR.sync_scope(10, Context::current);
/// let scaled: Vec<u64> = [1, 2, 3]
///     .into_par_iter()
///     .map_init(|| context.clone(), |context, n| context.run(|| n * FACTOR.get()))
///     .collect();
/// assert_eq!(scaled, [10, 20, 30]);
/// # }
/// ```
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, inherit_fn};
///
/// context_var! {
///     static FACTOR: u64 = 1;
/// }
///
/// # fn main() {
/// let scale = FACTOR.sync_scope(10, || inherit_fn(|n: u64| n * FACTOR.get()));
/// assert_eq!([1, 2, 3].map(scale), [10, 20, 30]);
/// # }
/// ```
pub fn inherit_fn<A, R>(f: impl Fn(A) -> R) -> impl Fn(A) -> R {
    let work = f.inherit_context();
    move |argument| {
        let Some(result) = work.run_ref(|f| f(argument)) else {
            unreachable!("only a future can be done before it is dropped");
        };
        result
    }
}

/// Calls `f` in an empty context.
///
/// Every variable has its default there, and the values that `f` sets are dropped at the end.
///
/// # Cost
///
/// Two swaps of the current context.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, detached};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// USER.sync_scope("alice", || {
///     assert_eq!(detached(|| USER.get()), "anonymous");
/// });
/// # }
/// ```
pub fn detached<R>(f: impl FnOnce() -> R) -> R {
    Context::new().run(f)
}
