//! R21: a bare task may not set in the root of its thread.

use std::sync::{Arc, Mutex};

use context_vars::{Context, detached, inherit, prelude::*, task};
use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::task::{JoinError, JoinSet, LocalSet, yield_now};

use super::{COUNT, panic_place};
use crate::support::{Alive, OnDrop, TRACKED, USER, as_alice, on_a_thread, one_thread, panic_text};

const REFUSED: &str = "`task::COUNT` was set in a bare tokio task, where the next task polled on \
     this thread would see the value; set it in a scope (`#[with_context]`, `scope`), or start \
     the task with `context_vars::task::spawn`";

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, JoinError>) {
    let panic = outcome.expect_err("a panic").into_panic();
    let text = panic_text(&*panic);
    assert!(text.ends_with(&REFUSED["`task".len()..]), "{text}");
}

fn set() {
    drop(COUNT.set(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bare_task_may_not_set_and_the_next_one_sees_nothing() {
    for _ in 0..3 {
        assert_refused(tokio::spawn(async { set() }).await);
        let after_a_poll = async {
            yield_now().await;
            set();
        };
        assert_refused(tokio::spawn(after_a_poll).await);
        assert_refused(tokio::task::spawn_blocking(set).await);
        let mut tasks = JoinSet::new();
        tasks.spawn(async { set() });
        assert_refused(tasks.join_next().await.unwrap());
        assert!(!tokio::spawn(async { COUNT.is_set() }).await.unwrap());
        assert!(
            !tokio::task::spawn_blocking(|| COUNT.is_set())
                .await
                .unwrap()
        );
    }
}

#[test]
fn bare_task_may_not_set_on_a_runtime_of_one_thread() {
    let runtime = one_thread();
    runtime.block_on(async {
        assert_refused(tokio::spawn(async { set() }).await);
    });
    let local = LocalSet::new();
    assert_refused(local.block_on(&runtime, async {
        tokio::task::spawn_local(async { set() }).await
    }));
    let runtime = Builder::new_current_thread()
        .build_local(LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        assert_refused(tokio::task::spawn_local(async { set() }).await);
    });
}

#[tokio::test]
async fn bare_blocking_closure_may_not_set_in_a_block_on_of_its_own() {
    let closure = || Handle::current().block_on(async { set() });
    assert_refused(tokio::task::spawn_blocking(closure).await);
}

#[tokio::test]
async fn the_body_of_a_test_may_set() {
    drop(COUNT.set(1));
    yield_now().await;
    assert_eq!(COUNT.get(), 1);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main_that_sets() -> u32 {
    drop(COUNT.set(2));
    yield_now().await;
    COUNT.get()
}

#[test]
fn block_on_outside_of_tasks_may_set() {
    on_a_thread(|| {
        assert_eq!(main_that_sets(), 2);
        assert_eq!(COUNT.get(), 2, "it is the thread's own context");
        let runtime = one_thread();
        runtime.block_on(async { drop(COUNT.set(3)) });
        LocalSet::new().block_on(&runtime, async { drop(COUNT.set(4)) });
        assert_eq!(COUNT.get(), 4);
    });
}

#[tokio::test]
async fn task_with_a_context_of_its_own_may_set() {
    let tasks = [
        task::spawn(async { set() }),
        tokio::spawn(async { set() }.inherit_context()),
        tokio::spawn(async { set() }.in_context(Context::new())),
        tokio::spawn(USER.scope("alice", async { set() })),
        tokio::spawn(async { as_alice(set) }),
        tokio::spawn(async { detached(set) }),
        tokio::spawn(async { Context::current().run(set) }),
        tokio::spawn(async { inherit(set)() }),
        // A thread is nobody's task.
        tokio::spawn(async { std::thread::spawn(set).join().unwrap() }),
        tokio::spawn(async { std::thread::scope(|s| s.spawn(set).join().unwrap()) }),
        task::spawn_blocking(set),
        tokio::task::spawn_blocking(inherit(set)),
    ];
    for task in tasks {
        task.await.unwrap();
    }
    assert!(!COUNT.is_set());
}

#[tokio::test]
async fn set_of_a_bare_task_that_unwinds_is_let_through() {
    let task = tokio::spawn(async {
        let _hook = OnDrop(set);
        panic!("the first panic");
    });
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*panic), "the first panic");
    // It went to the thread's root, where it does no more harm than before the feature.
    assert!(COUNT.is_set());
}

#[tokio::test]
async fn refusal_names_the_place_of_the_set() {
    let place = Arc::new(Mutex::new(None));
    let found = place.clone();
    let task = tokio::spawn(async move {
        *found.lock().unwrap() = Some(panic_place(|| drop(COUNT.set(1))));
    });
    task.await.unwrap();
    assert!(place.lock().unwrap().is_some());
}

#[tokio::test]
async fn refused_value_is_dropped_and_the_variable_as_it_was() {
    let alive = Alive::default();
    let value = alive.track();
    let task = tokio::spawn(async move { drop(TRACKED.set(value)) });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(alive.count(), 0);
    assert!(!TRACKED.is_set());
}
