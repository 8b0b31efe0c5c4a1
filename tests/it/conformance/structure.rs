//! Section L: structured concurrency.

use std::future::pending;
use std::sync::{Arc, Mutex};

use context_vars::{Context, context_var, prelude::*, task, with_context};
use tokio::task::JoinSet;

use crate::support::OnDrop;

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32;
}

#[test]
fn spawning_inside_a_scope_copies_and_is_not_forbidden() {
    // case 257: Swift used to crash here.
    let mut seen = Vec::new();
    std::thread::scope(|threads| {
        let handle = USER.sync_scope("alice", || {
            threads.spawn(context_vars::inherit(|| USER.get()))
        });
        seen.push(handle.join().unwrap());
    });
    assert_eq!(seen, ["alice"]);
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
                pending::<()>().await;
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

#[tokio::test]
async fn task_sees_what_was_bound_when_it_was_forked() {
    // case 262: Java demands that the bindings are those in force when the group was opened; ours
    // are those at the fork, as in Swift 6.
    let mut group = JoinSet::new();
    group.spawn(async { USER.get() }.inherit_context());
    USER.sync_scope("bound later", || {
        group.spawn(async { USER.get() }.inherit_context());
        USER.sync_scope("rebound", || {
            group.spawn(async { USER.get() }.inherit_context())
        });
    });
    let mut seen = group.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, ["anonymous", "bound later", "rebound"]);
}

#[tokio::test]
async fn child_gets_a_copy_and_an_element_given_to_it_wins() {
    // case 267: Kotlin's elements may say how they are copied and merged; ours are shared until
    // somebody sets, and what is given explicitly wins.
    USER.scope("parent", async {
        let child = task::spawn(async {
            drop(USER.set("child"));
            USER.get()
        });
        let given = Context::current().with_value(&USER, "given");
        let sibling = tokio::spawn(async { USER.get() }.in_context(given));
        assert_eq!(
            (child.await.unwrap(), sibling.await.unwrap()),
            ("child", "given")
        );
        assert_eq!(USER.get(), "parent");
    })
    .await;
}

#[with_context]
async fn isolated_turn(count: u32) {
    drop(COUNT.set(count));
    tokio::task::yield_now().await;
    assert_eq!(COUNT.get(), count);
}

async fn plain_turn(count: u32) {
    tokio::task::yield_now().await;
    drop(COUNT.set(count));
}

#[tokio::test]
async fn what_spawns_isolates_and_what_only_polls_shares() {
    // case 269: gather, a group, shield, wait and as_completed against a block with a timeout;
    // the whole table is in `combinators.rs`.
    let work = async {
        drop(COUNT.set(1));
        let spawned = task::spawn(plain_turn(2));
        spawned.await.unwrap();
        assert_eq!(COUNT.get(), 1, "spawned");
        tokio::join!(isolated_turn(3), isolated_turn(4));
        assert_eq!(COUNT.get(), 1, "each in a scope");
        let minute = std::time::Duration::from_secs(60);
        tokio::time::timeout(minute, plain_turn(5)).await.unwrap();
        assert_eq!(COUNT.get(), 5, "polled in place");
        tokio::select! {
            () = plain_turn(6) => {}
            () = pending() => {}
        }
        assert_eq!(COUNT.get(), 6, "polled in place");
    };
    work.inherit_context().await;
    assert!(!COUNT.is_set());
}
