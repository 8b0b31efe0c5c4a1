//! The same on every runtime: each scenario below is one generic body, run on each of them.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use context_vars::{context_var, prelude::*};
use futures::FutureExt;
use futures::future::RemoteHandle;

#[cfg(tokio_unstable)]
use self::executors::TokioAndItsHooks;
use self::executors::{
    ByHand, FuturesLocalPool, FuturesThreadPool, Smol, SmolOfOneThread, TokioLocalRuntime,
    TokioLocalSet, TokioOfOneThread, TokioOfTwoWorkers,
};
use self::scenarios::{cancel, dropped, inherit, panic_in_poll, scope, set, spawn};
use crate::support::{Tracked, on_a_thread, yield_once};

mod scenarios;
mod executors;

context_var! {
    static USER: String = "anonymous".to_owned();
    static COUNT: u32 = 0;
    static TRACKED: Tracked;
}

/// A runtime. It must be able to start a bare task and to cancel one, as all runtimes are.
trait Runtime: 'static {
    /// Runs `body` to its end, with the runtime's threads beside it.
    fn run(body: impl Future<Output = ()> + Send + 'static);
    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T>;
}

/// A task of one of the runtimes.
enum Task<T> {
    Tokio(tokio::task::JoinHandle<T>),
    Smol(smol::Task<std::thread::Result<T>>),
    Remote(RemoteHandle<T>),
}

impl<T: Send + 'static> Task<T> {
    /// Waits for the result; `None` if the task panicked.
    async fn outcome(self) -> Option<T> {
        match self {
            Self::Tokio(task) => task.await.ok(),
            Self::Smol(task) => task.await.ok(),
            Self::Remote(task) => AssertUnwindSafe(task).catch_unwind().await.ok(),
        }
    }

    /// Stops the task where it waits.
    async fn cancel(self) {
        match self {
            Self::Tokio(task) => {
                task.abort();
                assert!(task.await.is_err_and(|error| error.is_cancelled()));
            }
            Self::Smol(task) => assert!(task.cancel().await.is_none()),
            Self::Remote(task) => drop(task),
        }
    }
}

/// Runs on a separate thread, where a scenario may set in the root.
fn run<R: Runtime>(scenario: impl Future<Output = ()> + Send + 'static) {
    on_a_thread(move || R::run(scenario));
}

macro_rules! matrix {
    ($($(#[$attribute:meta])* $module:ident: $Runtime:ident,)*) => {$(
        $(#[$attribute])*
        mod $module {
            use super::{$Runtime, run};

            matrix! { $Runtime: set scope inherit spawn panic_in_poll cancel dropped }
        }
    )*};
    ($Runtime:ident: $($scenario:ident)*) => {$(
        #[test]
        fn $scenario() {
            run::<$Runtime>(super::$scenario::<$Runtime>());
        }
    )*};
}

matrix! {
    tokio_of_one_thread: TokioOfOneThread,
    tokio_of_two_workers: TokioOfTwoWorkers,
    tokio_local_set: TokioLocalSet,
    tokio_local_runtime: TokioLocalRuntime,
    #[cfg(tokio_unstable)]
    tokio_and_its_hooks: TokioAndItsHooks,
    smol_of_two_threads: Smol,
    smol_of_one_thread: SmolOfOneThread,
    futures_thread_pool: FuturesThreadPool,
    futures_local_pool: FuturesLocalPool,
    by_hand: ByHand,
}

/// A runtime of one thread that asks the kernel itself; its tasks need not be `Send`.
#[test]
fn monoio_runs_an_inherited_task() {
    let mut runtime = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new()
        .build()
        .unwrap();
    let user = runtime.block_on(async {
        let wrapped = || {
            let work = async {
                yield_once().await;
                COUNT.set(1);
                yield_once().await;
                (USER.get(), COUNT.get())
            };
            work.inherit_context()
        };
        let task = monoio::spawn(USER.sync_scope("alice".to_owned(), wrapped));
        let bare = monoio::spawn(async { USER.is_set() || COUNT.is_set() });
        (task.await, bare.await)
    });
    assert_eq!(user, (("alice".to_owned(), 1), false));
}
