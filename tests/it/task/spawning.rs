//! `spawn`, `spawn_blocking`, `spawn_local`.

use std::rc::Rc;
use std::sync::Arc;

use context_vars::{Context, inherit, prelude::*, task};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet, LocalSet, yield_now};
use tokio_util::task::TaskTracker;

use super::{COUNT, assert_panic_names_the_caller, user};
use crate::support::{USER, as_alice, one_thread, two_workers, workers};

#[tokio::test]
async fn task_inherits_where_it_is_spawned_and_gives_nothing_back() {
    USER.scope("alice", async {
        let go = Arc::new(Notify::new());
        let gone = go.clone();
        let task = task::spawn(async move {
            gone.notified().await;
            assert_eq!(USER.get(), "alice", "later changes are not seen");
            USER.set("task");
            yield_now().await;
            USER.get()
        });
        USER.set("changed");
        go.notify_one();
        assert_eq!(task.await.unwrap(), "task");
        assert_eq!(USER.get(), "changed");
    })
    .await;
}

#[tokio::test]
async fn task_sees_what_was_bound_when_it_was_forked() {
    // case 262: Java demands that the bindings are those in force when the group was opened; ours
    // are those at the fork, as in Swift 6.
    let mut group = JoinSet::new();
    let mut fork = || drop(group.spawn(user().inherit_context()));
    fork();
    USER.sync_scope("bound later", || {
        fork();
        USER.sync_scope("rebound", &mut fork);
    });
    let mut seen = group.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, ["anonymous", "bound later", "rebound"]);
}

#[tokio::test]
async fn child_gets_a_copy_and_an_element_given_to_it_wins() {
    // case 267: Kotlin's elements may say how they are copied and merged. Ours are shared until one is
    // set, and a value that is given explicitly wins.
    USER.scope("parent", async {
        let child = task::spawn(async {
            USER.set("child");
            USER.get()
        });
        let given = Context::current().with_value(&USER, "given");
        let sibling = tokio::spawn(async { USER.get() }.in_context(given));
        let seen = (child.await.unwrap(), sibling.await.unwrap());
        assert_eq!(seen, ("child", "given"));
        assert_eq!(USER.get(), "parent");
    })
    .await;
}

#[tokio::test]
async fn local_task_inherits() {
    let driver = async {
        let not_send = Rc::new(());
        let work = async move {
            let _not_send = not_send;
            COUNT.set(7);
            user().await
        };
        let task = as_alice(|| task::spawn_local(work));
        assert_eq!(task.await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    };
    LocalSet::new().run_until(driver).await;
}

#[test]
fn task_of_a_local_runtime_inherits() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.build_local(Default::default()).unwrap();
    let work = async { as_alice(|| task::spawn_local(user())).await };
    assert_eq!(runtime.block_on(work).unwrap(), "alice");
}

#[tokio::test]
async fn sets_and_trackers_of_tasks_take_work_that_inherits() {
    let (local, other) = (LocalSet::new(), workers(1));
    let (mut set, tracker) = (JoinSet::new(), TaskTracker::new());
    let tracked = as_alice(|| {
        set.spawn(user().inherit_context());
        set.spawn_blocking(inherit(|| USER.get()));
        set.spawn_local_on(user().inherit_context(), &local);
        set.spawn_on(user().inherit_context(), other.handle());
        set.spawn_blocking_on(inherit(|| USER.get()), other.handle());
        let blocking = tracker.spawn_blocking(inherit(|| USER.get()));
        [tracker.spawn(user().inherit_context()), blocking]
    });
    assert_eq!(local.run_until(set.join_all()).await, ["alice"; 5]);
    for task in tracked {
        assert_eq!(task.await.unwrap(), "alice");
    }
    assert_eq!(tracker.len(), 0);
    other.shutdown_background();
}

#[test]
fn scope_around_block_on_reaches_the_tasks_that_inherit_on_every_runtime() {
    // R13: a bare task sees the context of its poller. On a runtime of one thread that is the context of
    // `block_on`, here the scope; on workers it is an empty one. Do not rely on it: a task that inherits
    // sees the same on both.
    for (runtime, bare_sees) in [(one_thread(), "around"), (two_workers(), "anonymous")] {
        let seen = USER.sync_scope("around", || {
            runtime.block_on(async {
                let inherits = task::spawn(async { USER.get() });
                let scoped = tokio::spawn(USER.scope("own", async { USER.get() }));
                let empty = tokio::spawn(async { USER.get() }.in_context(Context::new()));
                let bare = tokio::spawn(async { USER.get() });
                let (inherits, scoped) = (inherits.await.unwrap(), scoped.await.unwrap());
                (inherits, scoped, empty.await.unwrap(), bare.await.unwrap())
            })
        });
        assert_eq!(seen, ("around", "own", "anonymous", bare_sees));
        assert_eq!(USER.get(), "anonymous");
    }
}

#[test]
fn signatures_are_tokios() {
    /// The same function twice, for a compiler that compares their types.
    fn same<F>(_: F, _: F) {}
    type Work = std::future::Ready<u8>;
    same::<fn(Work) -> JoinHandle<u8>>(task::spawn, tokio::task::spawn);
    same::<fn(Work) -> JoinHandle<u8>>(task::spawn_local, tokio::task::spawn_local);
    same::<fn(fn() -> u8) -> JoinHandle<u8>>(task::spawn_blocking, tokio::task::spawn_blocking);
}

#[test]
fn outside_a_runtime_the_panic_names_the_caller() {
    assert_panic_names_the_caller(|| drop(task::spawn(async {})));
    assert_panic_names_the_caller(|| drop(task::spawn_blocking(|| ())));
    assert_panic_names_the_caller(|| drop(task::spawn_local(async {})));
}
