//! The futures that the tests give to the combinators.

use std::future::Future;

use crate::support::{USER, yield_once};

/// Reads, sets, lets others have a turn, reads again.
pub(super) async fn turn(own: &'static str) -> (&'static str, &'static str) {
    let before = USER.get();
    USER.set(own);
    yield_once().await;
    (before, USER.get())
}

/// Like [`turn`], but never ready after it.
pub(super) async fn turn_for_ever(own: &'static str) {
    turn(own).await;
    std::future::pending::<()>().await;
}

/// Like [`turn`], but for `try_join!`.
pub(super) async fn turn_and_fail(own: &'static str) -> Result<(), &'static str> {
    turn(own).await;
    Err(own)
}

/// Runs `test` as the work of `caller`, in a scope.
pub(super) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(USER.scope("caller", test));
}

/// In a scope that reads what it was given, until the future sets something.
pub(super) fn scoped<F: Future>(future: F) -> impl Future<Output = F::Output> {
    USER.scope("scope", future)
}
