//! The same on every runtime: each scenario below is one body, run on each of them.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use context_vars::prelude::*;
use futures::FutureExt;
use futures::future::{BoxFuture, RemoteHandle};

use crate::support::{COUNT, USER, yield_once};

mod scenarios;
mod executors;

/// A runtime. It must be able to start a bare task and to cancel one, as all runtimes are.
#[derive(Clone, Copy)]
struct Runtime {
    /// Runs a future to its end, with the runtime's threads beside it.
    run: fn(BoxFuture<'static, ()>),
    start: fn(Work) -> Task,
}

/// The work of a task, which returns what it has seen.
type Work = BoxFuture<'static, String>;

impl Runtime {
    /// Starts a bare task.
    fn spawn(self, work: impl Future<Output = String> + Send + 'static) -> Task {
        (self.start)(Box::pin(work))
    }
}

/// A task of one of the runtimes.
enum Task {
    Tokio(tokio::task::JoinHandle<String>),
    Smol(smol::Task<std::thread::Result<String>>),
    Remote(RemoteHandle<String>),
}

impl Task {
    /// Waits for the result; `None` if the task panicked.
    async fn outcome(self) -> Option<String> {
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

macro_rules! matrix {
    ($($(#[$attribute:meta])* $runtime:ident)*) => {$(
        $(#[$attribute])*
        mod $runtime {
            matrix! { $runtime: set scope inherit spawn panic_in_poll cancel dropped }
        }
    )*};
    ($runtime:ident: $($scenario:ident)*) => {$(
        #[test]
        fn $scenario() {
            let runtime = super::executors::$runtime();
            let scenario = Box::pin(super::scenarios::$scenario(runtime));
            // A separate thread, where a scenario may set in the root.
            crate::support::on_a_thread(move || (runtime.run)(scenario));
        }
    )*};
}

matrix! {
    tokio_of_one_thread
    tokio_of_two_workers
    tokio_local_set
    tokio_local_runtime
    #[cfg(tokio_unstable)]
    tokio_and_its_hooks
    smol_of_two_threads
    smol_of_one_thread
    futures_thread_pool
    futures_local_pool
    by_hand
}

/// A runtime of one thread that asks the kernel itself; its tasks need not be `Send`.
#[test]
fn monoio_runs_an_inherited_task() {
    let builder = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new();
    let user = builder.build().unwrap().block_on(async {
        let work = async {
            yield_once().await;
            COUNT.set(1);
            yield_once().await;
            (USER.get(), COUNT.get())
        };
        let task = monoio::spawn(USER.sync_scope("alice", || work.inherit_context()));
        let bare = monoio::spawn(async { USER.is_set() || COUNT.is_set() });
        (task.await, bare.await)
    });
    assert_eq!(user, (("alice", 1), false));
}
