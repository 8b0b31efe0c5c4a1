//! The end of a task.

use context_vars::{prelude::*, task};
use tokio::task::{JoinSet, yield_now};

use crate::support::{Alive, TRACKED, USER, Witnessed, alice, as_alice, two_workers, witness};

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
        let context = alice().with_value(&TRACKED, alive.track());
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
        assert_eq!(seen.users(), ["alice"], "{how}");
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
    let runtime = two_workers();
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
    assert_eq!(seen.users(), ["alice"]);
}

#[tokio::test]
async fn group_of_tasks_that_ends_inside_an_inner_scope_ends_each_in_its_own() {
    // case 261: Java reports a violation of the structure. A task here owns a copy, so that
    // nothing is violated.
    let seen = Witnessed::default();
    let mut group = JoinSet::new();
    for user in ["a", "b"] {
        let witness = seen.witness();
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
    let mut seen = seen.users();
    seen.sort_unstable();
    assert_eq!(seen, ["a", "b"]);
}
