//! Executors: futures that are moved between polls.

use std::future::Future;
use std::sync::atomic::Ordering;

use context_vars::prelude::*;
use futures::executor::ThreadPool;
use futures::future::BoxFuture;

use crate::support::{in_time, until, workers};

use super::{PIECE, PIECES, STEP, Tally, USER, as_user_of, piece_of_work};

type Work = context_vars::InContext<BoxFuture<'static, ()>>;

/// Hands out all pieces by `spawn`, waits for them by `block_on`, and gives how often one of them
/// went on on another thread.
fn hand_out<T: Future<Output: Send> + Send>(
    spawn: impl Fn(Work) -> T,
    block_on: impl FnOnce(BoxFuture<'_, Vec<T::Output>>),
) -> usize {
    let tally = Tally::default();
    let task = |piece| {
        let work: BoxFuture<'static, ()> = Box::pin(piece_of_work(piece, tally.clone()));
        spawn(as_user_of(piece, || work.inherit_context()))
    };
    let all = futures::future::join_all((0..PIECES).map(task));
    block_on(Box::pin(in_time(all)));
    tally.assert_all_right(PIECES);
    assert!(!USER.is_set() && !PIECE.is_set() && !STEP.is_set());
    tally.0.moved.load(Ordering::Relaxed)
}

/// Hands the pieces out again until a piece went on on another thread, which no executor promises.
fn until_moved(hand_out: impl Fn() -> usize) {
    until(|| hand_out() > 0);
}

#[test]
fn async_executor_on_three_threads() {
    let executor = async_executor::Executor::new();
    let (stop, stopped) = smol::channel::unbounded::<()>();
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| smol::block_on(executor.run(stopped.recv())).unwrap_err());
        }
        until_moved(|| hand_out(|work| executor.spawn(work), |all| drop(smol::block_on(all))));
        drop(stop);
    });
}

#[test]
fn smol_spawn() {
    // Smol's own executor has one thread, unless the environment says otherwise.
    hand_out(smol::spawn, |all| drop(smol::block_on(all)));
}

#[test]
fn futures_thread_pool() {
    use futures::task::SpawnExt;
    let pool = ThreadPool::builder().pool_size(3).create().unwrap();
    until_moved(|| {
        hand_out(
            |work| pool.spawn_with_handle(work).unwrap(),
            |all| drop(futures::executor::block_on(all)),
        )
    });
}

#[test]
fn tokio_with_three_workers() {
    let runtime = workers(3);
    until_moved(|| {
        hand_out(
            |work| runtime.spawn(work),
            |all| {
                let ended = runtime.block_on(all);
                assert!(ended.iter().all(Result::is_ok));
            },
        )
    });
}
