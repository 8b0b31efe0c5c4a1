//! The end of a task.

use std::future::pending;

use context_vars::{prelude::*, task};
use tokio::task::JoinSet;

use crate::support::{DropHook, USER, Witnessed, as_alice, two_workers, witness};

/// Ends only by being dropped.
async fn waits(_hook: DropHook) {
    pending().await
}

// `runtimes` tests each way in which a task ends, on each runtime.
#[test]
fn task_that_its_runtime_shuts_down_is_dropped_inside_its_context() {
    let runtime = two_workers();
    let (hook, seen) = witness();
    runtime.block_on(async { as_alice(|| drop(task::spawn(waits(hook)))) });
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
        let work = waits(seen.witness());
        USER.sync_scope(user, || group.spawn(work.inherit_context()));
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
