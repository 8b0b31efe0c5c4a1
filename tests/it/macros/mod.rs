//! The three macros, on every kind of item on which they may stand.

// The input of the macros is written as users may write it, not as clippy would like it.
#![allow(
    clippy::useless_vec,
    clippy::redundant_closure,
    clippy::redundant_closure_call,
    clippy::const_is_empty
)]

use context_vars::context_var;

use crate::support::yield_once;

mod declarations;
mod editions;
mod functions;
mod methods;
mod printed_names;
mod async_functions;
mod returned_futures;
mod traits;
mod values;
mod drops;
mod sizes;
mod beside_other_attributes;
mod inherit_threads;
mod inherit_tasks;
mod inherit_by_type;
mod inherit_pools;
mod neutral;
mod exceptions;
mod marks;
mod spawn_calls;

context_var! {
    /// Set by the functions under test.
    pub static USER: String = "nobody".to_owned();
    /// Another, without a default.
    pub static ID: u64;
    /// A third.
    pub static USER_TOO: u64;
}

/// Returns `USER`, as a function deep in the call stack reads it.
fn user() -> String {
    USER.get()
}

/// Returns `USER` at the second poll.
async fn later() -> String {
    yield_once().await;
    user()
}

/// Runs `f` as alice.
fn as_alice<R>(f: impl FnOnce() -> R) -> R {
    USER.sync_scope("alice".to_owned(), f)
}

/// Nothing of a scope is left.
#[track_caller]
fn assert_outside() {
    assert!(!USER.is_set(), "`USER` is still {:?}", USER.get());
    assert!(!ID.is_set(), "`ID` is still {:?}", ID.get());
}

/// Spawn functions whose work sees only what it inherits.
mod spawner {
    pub fn spawn<R>(job: impl FnOnce() -> R) -> R {
        context_vars::detached(job)
    }

    pub fn spawn_with<A, R>(value: A, job: impl FnOnce(A) -> R) -> R {
        context_vars::detached(|| job(value))
    }

    pub mod with {
        pub use super::spawn_with as spawn;
    }

    pub mod exactly {
        /// Returns the work, for which the caller gives the type that the parameter has.
        pub fn spawn<T>(work: T) -> T {
            work
        }
    }
}
