//! The runtimes: where a scenario runs.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::task::{Context as Waking, Waker};

use futures::FutureExt;
use futures::executor::{LocalPool, LocalSpawner, ThreadPool};
use futures::future::BoxFuture;
use futures::task::{LocalSpawnExt, SpawnExt};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{LocalSet, spawn_local};

use super::{Runtime, Task};
use crate::support::{one_thread, two_workers};

pub(super) fn tokio_of_one_thread() -> Runtime {
    Runtime {
        run: |body| one_thread().block_on(body),
        start: |work| Task::Tokio(tokio::spawn(work)),
    }
}

pub(super) fn tokio_of_two_workers() -> Runtime {
    Runtime {
        run: |body| two_workers().block_on(body),
        start: |work| Task::Tokio(tokio::spawn(work)),
    }
}

pub(super) fn tokio_local_set() -> Runtime {
    Runtime {
        run: |body| LocalSet::new().block_on(&one_thread(), body),
        start: |work| Task::Tokio(spawn_local(work)),
    }
}

pub(super) fn tokio_local_runtime() -> Runtime {
    Runtime {
        run: |body| {
            let runtime = Builder::new_current_thread().build_local(LocalOptions::default());
            runtime.unwrap().block_on(body);
        },
        start: |work| Task::Tokio(spawn_local(work)),
    }
}

#[cfg(tokio_unstable)]
pub(super) fn tokio_and_its_hooks() -> Runtime {
    use context_vars::task::InheritingBuilder;
    Runtime {
        run: |body| {
            let mut builder = Builder::new_multi_thread();
            let runtime = InheritingBuilder::new(builder.worker_threads(2)).build();
            runtime.unwrap().block_on(body);
        },
        // Bare, although the runtime inherits.
        start: |work| Task::Tokio(context_vars::detached(|| tokio::spawn(work))),
    }
}

/// Smol's executor with its own two threads, as `smol::spawn` has one.
pub(super) fn smol_of_two_threads() -> Runtime {
    static SMOL: LazyLock<&smol::Executor<'_>> = LazyLock::new(|| {
        static EXECUTOR: smol::Executor<'_> = smol::Executor::new();
        for _ in 0..2 {
            std::thread::spawn(|| smol::block_on(EXECUTOR.run(std::future::pending::<()>())));
        }
        &EXECUTOR
    });
    Runtime {
        run: |body| smol::block_on(body),
        start: |work| Task::Smol(SMOL.spawn(AssertUnwindSafe(work).catch_unwind())),
    }
}

thread_local! {
    static LOCAL: smol::LocalExecutor<'static> = const { smol::LocalExecutor::new() };
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
    static QUEUE: RefCell<Vec<BoxFuture<'static, ()>>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn smol_of_one_thread() -> Runtime {
    Runtime {
        run: |body| LOCAL.with(|executor| smol::block_on(executor.run(body))),
        start: |work| {
            let work = AssertUnwindSafe(work).catch_unwind();
            Task::Smol(LOCAL.with(|executor| executor.spawn(work)))
        },
    }
}

pub(super) fn futures_thread_pool() -> Runtime {
    static POOL: LazyLock<ThreadPool> =
        LazyLock::new(|| ThreadPool::builder().pool_size(2).create().unwrap());
    Runtime {
        run: |body| futures::executor::block_on(body),
        start: |work| Task::Remote(POOL.spawn_with_handle(work).unwrap()),
    }
}

pub(super) fn futures_local_pool() -> Runtime {
    Runtime {
        run: |body| {
            let mut pool = LocalPool::new();
            SPAWNER.set(Some(pool.spawner()));
            pool.run_until(body);
            SPAWNER.set(None);
        },
        start: |work| {
            let spawner = SPAWNER.with_borrow(|spawner| spawner.clone().unwrap());
            Task::Remote(spawner.spawn_local_with_handle(work).unwrap())
        },
    }
}

/// A loop over a queue, in the fewest lines: what users write who have no runtime.
pub(super) fn by_hand() -> Runtime {
    Runtime {
        run: |mut body| {
            let waking = &mut Waking::from_waker(Waker::noop());
            while body.poll_unpin(waking).is_pending() {
                let mut tasks = QUEUE.take();
                tasks.retain_mut(|task| task.poll_unpin(waking).is_pending());
                QUEUE.with_borrow_mut(|queue| queue.append(&mut tasks));
            }
        },
        start: |work| {
            let (work, handle) = work.remote_handle();
            QUEUE.with_borrow_mut(|queue| queue.push(Box::pin(work)));
            Task::Remote(handle)
        },
    }
}
