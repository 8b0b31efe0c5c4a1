//! Executors: futures that are moved between polls.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use context_vars::prelude::*;
use futures::FutureExt;
use futures::executor::ThreadPool;
use futures::future::{BoxFuture, join_all};
use futures::task::SpawnExt;

use super::{PIECE, PIECES, STEP, Tally, USER, as_user_of, piece_of_work};
use crate::support::{in_time, until, workers};

type Work = context_vars::InContext<BoxFuture<'static, ()>>;
type Spawn<'a> = &'a dyn Fn(Work) -> BoxFuture<'static, ()>;
type BlockOn<'a> = &'a dyn Fn(BoxFuture<'_, ()>);

/// Hands out all pieces by `spawn`, waits for them by `block_on`, and gives how often one of them
/// went on on another thread.
fn hand_out(spawn: Spawn<'_>, block_on: BlockOn<'_>) -> usize {
    let tally = Arc::<Tally>::default();
    let task = |piece| {
        let work: BoxFuture<'static, ()> = Box::pin(piece_of_work(piece, tally.clone()));
        spawn(as_user_of(piece, || work.inherit_context()))
    };
    let all = join_all((0..PIECES).map(task)).map(drop);
    block_on(Box::pin(in_time(all)));
    tally.assert_all_right(PIECES);
    assert!(!USER.is_set() && !PIECE.is_set() && !STEP.is_set());
    tally.moved.load(Ordering::Relaxed)
}

/// Hands the pieces out again until a piece went on on another thread, which no executor promises.
fn until_moved(spawn: Spawn<'_>, block_on: BlockOn<'_>) {
    until(|| hand_out(spawn, block_on) > 0);
}

#[test]
fn async_executor_on_three_threads() {
    let executor = async_executor::Executor::new();
    let (stop, stopped) = smol::channel::unbounded::<()>();
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| smol::block_on(executor.run(stopped.recv())).unwrap_err());
        }
        until_moved(&|work| executor.spawn(work).boxed(), &|all| {
            smol::block_on(all)
        });
        drop(stop);
    });
}

#[test]
fn smol_spawn() {
    // Smol's own executor has one thread, unless the environment says otherwise.
    hand_out(&|work| smol::spawn(work).boxed(), &|all| {
        smol::block_on(all)
    });
}

#[test]
fn futures_thread_pool() {
    let pool = ThreadPool::builder().pool_size(3).create().unwrap();
    until_moved(
        &|work| pool.spawn_with_handle(work).unwrap().boxed(),
        &|all| futures::executor::block_on(all),
    );
}

#[test]
fn tokio_with_three_workers() {
    let runtime = workers(3);
    until_moved(
        &|work| runtime.spawn(work).map(Result::unwrap).boxed(),
        &|all| runtime.block_on(all),
    );
}
