//! `JoinSet` and `TaskTracker`.

use std::sync::Mutex;

use context_vars::prelude::*;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet, LocalSet};
use tokio_util::task::TaskTracker;

use super::user;
use crate::support::{USER, as_alice, workers};

#[tokio::test]
async fn join_set_inherits_by_each_method() {
    let other = workers(1);
    let local = LocalSet::new();
    let handle = other.handle();
    type Spawn = dyn Fn(&mut JoinSet<&'static str>, &Handle, &LocalSet);
    let ways: [&Spawn; 6] = [
        &|set, _, _| drop(set.spawn(user().inherit_context())),
        &|set, handle, _| drop(set.spawn_on(user().inherit_context(), handle)),
        &|set, _, _| drop(set.spawn_blocking(context_vars::inherit(|| USER.get()))),
        &|set, handle, _| drop(set.spawn_blocking_on(context_vars::inherit(|| USER.get()), handle)),
        &|set, _, _| drop(set.spawn_local(user().inherit_context())),
        &|set, _, local| drop(set.spawn_local_on(user().inherit_context(), local)),
    ];
    local
        .run_until(async {
            for (way, spawn) in ways.iter().enumerate() {
                let mut set = JoinSet::new();
                as_alice(|| spawn(&mut set, handle, &local));
                assert_eq!(
                    set.join_next().await.unwrap().unwrap(),
                    "alice",
                    "way {way}"
                );
            }
        })
        .await;
    other.shutdown_background();
}

#[tokio::test]
async fn task_tracker_inherits_by_each_method_and_still_tracks() {
    // Tasks on another thread wait here until they are counted.
    static GATE: Mutex<()> = Mutex::new(());
    fn user() -> &'static str {
        drop(GATE.lock());
        USER.get()
    }
    let other = workers(1);
    let local = LocalSet::new();
    let handle = other.handle();
    type Spawn = dyn Fn(&TaskTracker, &Handle, &LocalSet) -> JoinHandle<&'static str>;
    let ways: [&Spawn; 6] = [
        &|tracker, _, _| tracker.spawn(async { user() }.inherit_context()),
        &|tracker, handle, _| tracker.spawn_on(async { user() }.inherit_context(), handle),
        &|tracker, _, _| tracker.spawn_blocking(context_vars::inherit(user)),
        &|tracker, handle, _| tracker.spawn_blocking_on(context_vars::inherit(user), handle),
        &|tracker, _, _| tracker.spawn_local(async { user() }.inherit_context()),
        &|tracker, _, local| tracker.spawn_local_on(async { user() }.inherit_context(), local),
    ];
    local
        .run_until(async {
            let tracker = TaskTracker::new();
            for (way, spawn) in ways.iter().enumerate() {
                let task = {
                    let _closed = GATE.lock();
                    let task = as_alice(|| spawn(&tracker, handle, &local));
                    assert_eq!(tracker.len(), 1, "way {way}");
                    task
                };
                assert_eq!(task.await.unwrap(), "alice", "way {way}");
            }
            tracker.close();
            tracker.wait().await;
        })
        .await;
    other.shutdown_background();
}
