//! The end of a task.

use std::sync::{Arc, Mutex, mpsc};

use context_vars::{Context, prelude::*, task};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, yield_now};

use super::{TRACKED, USER, as_alice};
use crate::support::{Alive, OnDrop, soon};

/// Remembers the user that is current when it is dropped.
fn witness() -> (impl Drop + Send + Sync, mpsc::Receiver<&'static str>) {
    let (seen, users) = mpsc::channel();
    (OnDrop(move || seen.send(USER.get()).unwrap()), users)
}

#[tokio::test]
async fn task_is_dropped_inside_its_context_however_it_ends() {
    async fn ends(how: &str) {
        match how {
            "finished" => {}
            "panicked" => panic!("on purpose"),
            _ => std::future::pending().await,
        }
    }
    for how in [
        "finished",
        "panicked",
        "aborted",
        "aborted before its first poll",
    ] {
        let alive = Alive::default();
        let (hook, seen) = witness();
        let context = Context::new()
            .with_value(&USER, "alice")
            .with_value(&TRACKED, alive.track());
        let task = context.clone().run(|| {
            task::spawn(async move {
                let _hook = hook;
                yield_now().await;
                ends(how).await;
            })
        });
        if how == "aborted" {
            yield_now().await;
            yield_now().await;
        }
        if how.starts_with("aborted") {
            task.abort();
        }
        assert_eq!(task.await.is_ok(), how == "finished");
        assert_eq!(soon(&seen), "alice", "{how}");
        assert_eq!(
            alive.count(),
            1,
            "{how}: the values are kept by `context` alone"
        );
        drop(context);
        assert_eq!(alive.count(), 0, "{how}");
    }
}

#[test]
fn task_that_its_runtime_shuts_down_is_dropped_inside_its_context() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let (hook, seen) = witness();
    let _enter = runtime.enter();
    as_alice(|| {
        task::spawn(async move {
            let _hook = hook;
            std::future::pending::<()>().await;
        })
    });
    drop(_enter);
    USER.sync_scope("who shuts down", || drop(runtime));
    assert_eq!(soon(&seen), "alice");
}

#[tokio::test]
async fn group_of_tasks_that_ends_inside_an_inner_scope_ends_each_in_its_own() {
    // case 261: Java reports a violation of the structure. A task here owns a copy, so that
    // nothing is violated.
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut group = JoinSet::new();
    for user in ["a", "b"] {
        let log = seen.clone();
        let witness = OnDrop(move || log.lock().unwrap().push(USER.get()));
        USER.sync_scope(user, || {
            let work = async move {
                let _witness = witness;
                std::future::pending::<()>().await;
            };
            group.spawn(work.inherit_context());
        });
    }
    USER.scope("inner", async move {
        group.shutdown().await;
        assert_eq!(USER.get(), "inner");
    })
    .await;
    seen.lock().unwrap().sort_unstable();
    assert_eq!(*seen.lock().unwrap(), ["a", "b"]);
}
