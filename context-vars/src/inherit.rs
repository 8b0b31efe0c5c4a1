//! Closures that inherit, and code that runs in an empty context.

use crate::context::Context;
use crate::in_context::ContextExt;

/// Wraps `f` so that it runs in a copy of the context that is current *now*.
///
/// Later changes on either side are not seen by the other, and nothing comes back. The result can
/// be given to whatever calls a closure: a thread builder, a pool, a callback. A closure that is
/// never called is dropped inside its context too.
///
/// The future that an `async` closure returns runs outside: for `inherit(|| async { .. })` write
/// `async { .. }.inherit_context()` instead.
///
/// # Cost
///
/// Two words in addition to `f`, three with the feature `companion`. Making it costs as much as
/// [`Context::current`], calling it two swaps.
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

/// As [`inherit`], for a closure that takes an argument.
///
/// The argument is of one type, which a reference of any lifetime is not: for the job of a
/// `rayon::Scope`, take [`Context::current`] and [`run`](Context::run) it inside, or put
/// `#[inherit_context]` on the function that spawns.
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

/// As [`inherit_with`], for a closure that is called many times, on many threads at once.
///
/// Each call runs in a fresh copy of the context that was current when this was called.
///
/// # Cost
///
/// A call also counts the copy's reference up and down, two atomic operations, on one count that
/// all threads share.
///
/// In a parallel iterator with very little to do for each item, make a copy for each split
/// instead: two swaps an item are left, and no atomic operation. With an item that only reads a
/// variable this is about four times faster on two threads (`benches/par_iter.rs`). What one
/// item sets is then seen by the next of its split.
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
/// Every variable is at its default there, and nothing that `f` sets comes out.
///
/// # Cost
///
/// Two swaps.
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
