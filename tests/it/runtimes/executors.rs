//! The runtimes: where a scenario runs.

use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context as Waking, Poll};

#[cfg(tokio_unstable)]
use context_vars::task::InheritingBuilder;
use futures::FutureExt;
use futures::executor::{LocalPool, LocalSpawner, ThreadPool};
use futures::task::{LocalSpawnExt, SpawnExt};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::task::{LocalSet, spawn_local};

use super::{Runtime, Task};
use crate::support::{one_thread, two_workers};

/// The runtimes whose tasks are tokio's: how one runs a future, and how it spawns a bare task.
macro_rules! tokio_runtimes {
    ($($(#[$attribute:meta])* $Name:ident: |$body:ident| $run:expr, $spawn:path;)*) => {$(
        $(#[$attribute])*
        pub(super) struct $Name;

        $(#[$attribute])*
        impl Runtime for $Name {
            fn run($body: impl Future<Output = ()> + Send + 'static) {
                $run
            }

            fn spawn<T: Send + 'static>(
                task: impl Future<Output = T> + Send + 'static,
            ) -> Task<T> {
                Task::Tokio($spawn(task))
            }
        }
    )*};
}

tokio_runtimes! {
    TokioOfOneThread: |body| one_thread().block_on(body), tokio::spawn;
    TokioOfTwoWorkers: |body| two_workers().block_on(body), tokio::spawn;
    TokioLocalSet: |body| LocalSet::new().block_on(&one_thread(), body), spawn_local;
    TokioLocalRuntime: |body| local_runtime().block_on(body), spawn_local;
    #[cfg(tokio_unstable)]
    TokioAndItsHooks: |body| with_hooks().block_on(body), spawn_detached;
}

fn local_runtime() -> LocalRuntime {
    let mut builder = Builder::new_current_thread();
    builder.build_local(LocalOptions::default()).unwrap()
}

#[cfg(tokio_unstable)]
fn with_hooks() -> tokio::runtime::Runtime {
    let mut builder = Builder::new_multi_thread();
    InheritingBuilder::new(builder.worker_threads(2))
        .build()
        .unwrap()
}

/// Bare, although the runtime inherits: the scenarios ask for a task that knows nothing.
#[cfg(tokio_unstable)]
fn spawn_detached<F>(task: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    context_vars::detached(|| tokio::spawn(task))
}

pub(super) struct Smol;

/// Smol's executor with its own two threads, as `smol::spawn` has one.
static SMOL: LazyLock<&smol::Executor<'_>> = LazyLock::new(|| {
    static EXECUTOR: smol::Executor<'_> = smol::Executor::new();
    for _ in 0..2 {
        std::thread::spawn(|| smol::block_on(EXECUTOR.run(std::future::pending::<()>())));
    }
    &EXECUTOR
});

impl Runtime for Smol {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        smol::block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task::Smol(SMOL.spawn(AssertUnwindSafe(task).catch_unwind()))
    }
}

pub(super) struct SmolOfOneThread;

thread_local! {
    static LOCAL: smol::LocalExecutor<'static> = const { smol::LocalExecutor::new() };
}

impl Runtime for SmolOfOneThread {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        LOCAL.with(|executor| smol::block_on(executor.run(body)));
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let task = AssertUnwindSafe(task).catch_unwind();
        Task::Smol(LOCAL.with(|executor| executor.spawn(task)))
    }
}

pub(super) struct FuturesThreadPool;

static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPool::builder().pool_size(2).create().unwrap());

impl Runtime for FuturesThreadPool {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        futures::executor::block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task::Remote(POOL.spawn_with_handle(task).unwrap())
    }
}

pub(super) struct FuturesLocalPool;

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

impl Runtime for FuturesLocalPool {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        pool.run_until(body);
        SPAWNER.set(None);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let spawner = SPAWNER.with_borrow(|spawner| spawner.clone().unwrap());
        Task::Remote(spawner.spawn_local_with_handle(task).unwrap())
    }
}

/// A loop over a queue, in the fewest lines: what users write who have no runtime.
pub(super) struct ByHand;

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    static QUEUE: RefCell<Vec<Boxed>> = const { RefCell::new(Vec::new()) };
}

impl Runtime for ByHand {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut body = Box::pin(body);
        let waking = &mut Waking::from_waker(std::task::Waker::noop());
        while body.as_mut().poll(waking).is_pending() {
            let tasks = QUEUE.take();
            for mut task in tasks.into_iter().rev() {
                if task.as_mut().poll(waking) == Poll::Pending {
                    QUEUE.with_borrow_mut(|queue| queue.push(task));
                }
            }
        }
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let (task, handle) = task.remote_handle();
        QUEUE.with_borrow_mut(|queue| queue.push(Box::pin(task)));
        Task::Remote(handle)
    }
}
