//! The values that a task of such a runtime inherits, the tasks that are left out, and the calls that
//! do not change.

use std::panic::Location;
use std::sync::{Arc, Mutex};

use context_vars::task::InheritingBuilder;
use context_vars::{detached, prelude::*, task};
use tokio::runtime::{Handle, LocalOptions};
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio_util::task::TaskTracker;

use super::{COUNT, TRANSACTION, both_kinds, builder, inheriting, two_workers, user};
use crate::support::{USER, as_alice};

/// Runs `test` as alice on both kinds of runtimes.
fn on_both_kinds(test: impl AsyncFn()) {
    for runtime in both_kinds() {
        runtime.block_on(USER.scope("alice", test()));
    }
}

#[test]
fn plain_spawn_inherits_and_gives_nothing_back() {
    on_both_kinds(async || {
        let go = Arc::new(Notify::new());
        let gone = go.clone();
        let task = tokio::spawn(async move {
            gone.notified().await;
            assert_eq!(USER.get(), "alice", "later changes are not seen");
            USER.set("task");
            COUNT.set(1);
            yield_now().await;
            (USER.get(), COUNT.get())
        });
        USER.set("changed");
        go.notify_one();
        assert_eq!(task.await.unwrap(), ("task", 1), "kept from poll to poll");
        assert_eq!((USER.get(), COUNT.is_set()), ("changed", false));
    });
}

#[test]
fn every_way_to_spawn_inherits() {
    on_both_kinds(async || {
        let handle = Handle::current();
        assert_eq!(tokio::spawn(user()).await.unwrap(), "alice");
        assert_eq!(handle.spawn(user()).await.unwrap(), "alice");
        let mut set = JoinSet::new();
        set.spawn(user());
        set.spawn_on(user(), &handle);
        set.spawn(user().inherit_context());
        assert_eq!(set.join_all().await, ["alice"; 3]);
        // Third-party code that knows nothing of contexts.
        let tracker = TaskTracker::new();
        assert_eq!(tracker.spawn(user()).await.unwrap(), "alice");
        assert_eq!(task::spawn(user()).await.unwrap(), "alice");
        let from_a_thread = context_vars::thread::spawn(move || handle.spawn(user()));
        assert_eq!(from_a_thread.join().unwrap().await.unwrap(), "alice");
    });
}

#[test]
fn grandchildren_inherit_from_their_parent() {
    on_both_kinds(async || {
        let child = tokio::spawn(async {
            let first = tokio::spawn(user()).await.unwrap();
            let second = tokio::spawn(USER.scope("scope", async {
                // At its first poll, which is in the child.
                tokio::spawn(user()).await.unwrap()
            }));
            USER.set("child");
            let third = tokio::spawn(user()).await.unwrap();
            (first, second.await.unwrap(), third)
        });
        assert_eq!(child.await.unwrap(), ("alice", "scope", "child"));
    });
}

#[test]
fn task_may_set_and_the_next_one_sees_nothing() {
    on_both_kinds(async || {
        for n in 1..100 {
            let sets = move || async move {
                assert!(!COUNT.is_set());
                COUNT.set(n);
                yield_now().await;
                COUNT.get()
            };
            // Also one that is spawned where nothing is set.
            for task in [tokio::spawn(sets()), detached(|| tokio::spawn(sets()))] {
                assert_eq!(task.await.unwrap(), n);
            }
        }
    });
}

#[test]
fn what_is_not_inherited_elsewhere_is_not_here() {
    on_both_kinds(async || {
        let seen = async { (USER.get(), TRANSACTION.is_set()) };
        let task = TRANSACTION.sync_scope(1, || tokio::spawn(seen));
        assert_eq!(task.await.unwrap(), ("alice", false));
    });
}

#[test]
fn local_runtime_inherits() {
    let mut builder = builder(0);
    let runtime = InheritingBuilder::new(&mut builder).build_local(LocalOptions::default());
    runtime.unwrap().block_on(async {
        let not_send = std::rc::Rc::new(());
        let work = async move {
            let _not_send = not_send;
            COUNT.set(1);
            user().await
        };
        let local = as_alice(|| tokio::task::spawn_local(work));
        assert_eq!(local.await.unwrap(), "alice");
        assert_eq!(as_alice(|| tokio::spawn(user())).await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    });
}

async fn spawn_long_lived() -> (&'static str, u32) {
    let task = tokio::spawn(async {
        COUNT.set(COUNT.get() + 1);
        yield_now().await;
        (USER.get(), COUNT.get())
    });
    task.await.unwrap()
}

#[test]
fn tasks_are_left_out_by_the_place_where_they_are_spawned() {
    let places = Arc::new(Mutex::new(Vec::new()));
    let asked = places.clone();
    let here = Location::caller().line();
    let runtime = inheriting(2, |builder| {
        let builder = builder.except(move |spawned_at| {
            asked.lock().unwrap().push(spawned_at.file());
            spawned_at.line() < here
        });
        builder.except(|spawned_at| spawned_at.file().contains("tokio-util"))
    });
    runtime.block_on(USER.scope("alice", async {
        // The task has an empty context, so it may set, and no other task sees it.
        assert_eq!(spawn_long_lived().await, ("anonymous", 1));
        assert_eq!(spawn_long_lived().await, ("anonymous", 1));
        assert_eq!(tokio::spawn(async { USER.get() }).await.unwrap(), "alice");
        // A spawn in a `#[track_caller]` function has the place of its caller; this function is ours.
        assert_eq!(task::spawn(user()).await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    }));
    let places = places.lock().unwrap();
    assert_eq!(places[..], [file!(); 4], "our own `spawn` is not the place");
}

#[test]
fn where_tokio_has_no_hook_nothing_changes() {
    let runtime = two_workers();
    runtime.block_on(USER.scope("alice", async {
        let bare = tokio::task::spawn_blocking(|| USER.is_set());
        assert!(!bare.await.unwrap());
        let inherits = task::spawn_blocking(|| USER.get());
        assert_eq!(inherits.await.unwrap(), "alice");
        // A task of a local set shares the context of the code that drives the set.
        let set = LocalSet::new();
        let shares = set.run_until(async {
            let bare = USER.sync_scope("spawner", || tokio::task::spawn_local(user()));
            let inherits = USER.sync_scope("spawner", || task::spawn_local(user()));
            (bare.await.unwrap(), inherits.await.unwrap())
        });
        assert_eq!(shares.await, ("alice", "spawner"));
        let refused = tokio::task::spawn_blocking(|| drop(COUNT.set(1)));
        assert!(refused.await.unwrap_err().is_panic());
    }));
}
