//! `#[inherit_context]` with the tasks of executors.

use std::num::ParseIntError;
use std::sync::Arc;

use context_vars::inherit_context;
use futures::executor::{LocalPool, ThreadPool};
use futures::task::{LocalSpawnExt, SpawnExt};
use tokio::runtime::Handle;
use tokio::task::{self, JoinSet, LocalSet};
use tokio_util::task::TaskTracker;

use super::{USER, later, user};
use crate::support::soon;

async fn as_alice<F: Future>(f: impl FnOnce() -> F) -> F::Output {
    USER.scope("alice".to_owned(), async { f().await }).await
}

#[inherit_context]
async fn tokio_spawns() -> Vec<String> {
    let text = String::from("moved ");
    let tasks = [
        tokio::spawn(async move { text + &later().await }),
        tokio::spawn(async { later().await }),
        tokio::task::spawn(later()),
        task::spawn_blocking(|| user()),
        task::spawn_blocking(user),
        Handle::current().spawn(async { user() }),
        Handle::current().spawn_blocking(move || user()),
        tokio::spawn(Box::pin(later())),
        tokio::spawn(Box::pin(async { later().await })),
        TaskTracker::new().spawn(later()),
    ];
    futures::future::try_join_all(tasks).await.unwrap()
}

#[inherit_context]
async fn join_set() -> Vec<String> {
    let mut set = JoinSet::new();
    set.spawn(async { user() });
    set.spawn(later());
    set.spawn_blocking(user);
    set.spawn_on(later(), &Handle::current());
    set.join_all().await
}

#[inherit_context]
async fn local_tasks() -> [String; 2] {
    let here = std::rc::Rc::new("here");
    let first = task::spawn_local(async move { format!("{here} {}", later().await) });
    let second = task::spawn_local(later());
    [first.await.unwrap(), second.await.unwrap()]
}

#[inherit_context]
async fn in_macros() -> [String; 3] {
    let (first, second) = tokio::join!(tokio::spawn(async { user() }), tokio::spawn(later()));
    let third = tokio::select! {
        result = tokio::spawn(async { later().await }) => result.unwrap(),
        _ = std::future::pending::<()>() => unreachable!(),
    };
    [first.unwrap(), second.unwrap(), third]
}

#[inherit_context]
fn smol_spawns() -> [String; 4] {
    let first = smol::spawn(async { user() });
    let second = smol::spawn(later());
    let third = smol::unblock(
        #[inherit_context]
        || user(),
    );
    let executor = smol::Executor::new();
    let fourth = executor.spawn(later());
    let all = async { [first.await, second.await, third.await, fourth.await] };
    smol::block_on(executor.run(all))
}

#[inherit_context]
fn futures_spawns() -> [String; 4] {
    let pool = ThreadPool::builder().pool_size(1).create().unwrap();
    let first = pool.spawn_with_handle(async { user() }).unwrap();
    let second = pool.spawn_with_handle(later()).unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    pool.spawn(async move { send.send(user()).unwrap() })
        .unwrap();
    let mut local = LocalPool::new();
    let third = local.spawner().spawn_local_with_handle(later()).unwrap();
    let futures = async { [first.await, second.await, third.await, soon(&receive)] };
    local.run_until(futures)
}

async fn spawn_lazily<F: Future>(make: impl FnOnce() -> F) -> F::Output {
    // Both the closure's call and the future's polls happen elsewhere.
    let future = context_vars::detached(make);
    USER.scope("elsewhere".to_owned(), future).await
}

async fn spawn_async(make: impl AsyncFn(u8) -> Result<String, ParseIntError>) -> String {
    let elsewhere = USER.scope("elsewhere".to_owned(), make(1));
    elsewhere.await.unwrap() + &make(2).await.unwrap()
}

#[inherit_context]
async fn futures_made_by_closures() -> [String; 4] {
    let name = String::from("n");
    [
        spawn_lazily(|| async { later().await }).await,
        spawn_lazily(move || async move { name + &later().await }).await,
        spawn_async(async |n| {
            let more: u8 = "1".parse()?;
            if n > 200 {
                return Ok(String::new());
            }
            Ok(format!("{}{}", n + more, later().await))
        })
        .await,
        spawn_async(async move |n| Ok(format!("{n}{}", later().await))).await,
    ]
}

struct Worker(Arc<str>);

impl Worker {
    #[inherit_context]
    async fn run(self: Arc<Self>) -> [String; 2] {
        let this = Arc::clone(&self);
        let first = tokio::spawn(async move { this.work().await });
        let second = tokio::spawn(self.work_of_arc());
        [first.await.unwrap(), second.await.unwrap()]
    }

    async fn work(&self) -> String {
        format!("{} {}", self.0, later().await)
    }

    async fn work_of_arc(self: Arc<Self>) -> String {
        self.work().await
    }
}

#[tokio::test]
async fn tasks_of_tokio_inherit() {
    let results = as_alice(tokio_spawns).await;
    assert_eq!(results[0], "moved alice");
    assert_eq!(results[1..], ["alice"; 9]);
    assert_eq!(as_alice(join_set).await, ["alice"; 4]);
    let local = LocalSet::new().run_until(as_alice(local_tasks)).await;
    assert_eq!(local, ["here alice", "alice"]);
}

#[test]
fn tasks_of_smol_and_futures_inherit() {
    assert_eq!(super::as_alice(smol_spawns), ["alice"; 4]);
    assert_eq!(super::as_alice(futures_spawns), ["alice"; 4]);
}

#[tokio::test]
async fn spawn_calls_in_select_and_join_and_in_methods_are_found() {
    assert_eq!(as_alice(in_macros).await, ["alice"; 3]);
    let worker = Arc::new(Worker("w".into()));
    assert_eq!(as_alice(|| worker.run()).await, ["w alice"; 2]);
}

#[tokio::test]
async fn async_closures_and_closures_that_make_futures_inherit() {
    let made = as_alice(futures_made_by_closures).await;
    assert_eq!(made, ["alice", "nalice", "2alice3alice", "1alice2alice"]);
}
