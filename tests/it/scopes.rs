//! R8, R9, R10: scopes of closures and of futures.

use std::pin::pin;
use std::task::Poll;

use context_vars::{Context, context_var, prelude::*};

use crate::support::{panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static OTHER: u32;
}

#[test]
fn scope_nests_and_restores_in_order() {
    // case 14, case 61, case 62, case 64, case 66, case 74
    let mut seen = vec![USER.get()];
    USER.sync_scope("one", || {
        seen.push(USER.get());
        OTHER.sync_scope(1, || {
            USER.sync_scope("two", || seen.push(USER.get()));
            assert_eq!((USER.get(), OTHER.get()), ("one", 1));
        });
        assert!(!OTHER.is_set());
        seen.push(USER.get());
    });
    seen.push(USER.get());
    assert_eq!(seen, ["anonymous", "one", "two", "one", "anonymous"]);
}

#[test]
fn scope_gives_the_closures_result_and_borrows_from_outside() {
    // case 59, case 67, case 72
    let mut calls = 0;
    let text = String::from("kept");
    let result = USER.sync_scope("alice", || {
        calls += 1;
        &text
    });
    assert_eq!((result.as_str(), calls), ("kept", 1));
}

#[test]
fn everything_set_inside_is_gone_outside() {
    // case 77
    USER.sync_scope("alice", || {
        drop(USER.set("bob"));
        drop(OTHER.set(5));
        assert_eq!((USER.get(), OTHER.get()), ("bob", 5));
    });
    assert_eq!(USER.get(), "anonymous");
    assert!(!OTHER.is_set());
}

#[test]
fn scope_is_left_on_panic_and_on_error() {
    // case 186, case 189, case 196
    let text = panic_of(|| USER.sync_scope("alice", || -> () { panic!("inside") }));
    assert_eq!(text, "inside");
    assert_eq!(USER.get(), "anonymous");
    let failed: Result<(), &str> = USER.sync_scope("alice", || Err("failed"));
    assert_eq!((failed, USER.get()), (Err("failed"), "anonymous"));
}

#[test]
fn snapshot_taken_inside_a_scope_outlives_it() {
    let mut snapshots = Vec::new();
    OTHER.sync_scope(1, || {
        for user in ["alice", "bob"] {
            snapshots.push(USER.sync_scope(user, Context::current));
        }
    });
    let mut read = |n: usize| snapshots[n].run(|| (USER.get(), OTHER.get()));
    assert_eq!((read(0), read(1)), (("alice", 1), ("bob", 1)));
}

#[test]
fn outer_value_changed_after_a_snapshot_inside_is_seen_outside_only() {
    OTHER.sync_scope(1, || {
        let mut inner = USER.sync_scope("alice", Context::current);
        drop(OTHER.set(2));
        assert_eq!(inner.run(|| OTHER.get()), 1);
        assert_eq!(OTHER.get(), 2);
    });
}

#[tokio::test]
async fn scoped_futures_polled_in_turn_never_see_each_other() {
    // case 132, case 139; R9
    async fn work(own: &'static str) {
        for n in 0..10 {
            assert_eq!(USER.get(), own);
            drop(OTHER.set(n));
            tokio::task::yield_now().await;
            assert_eq!(OTHER.get(), n);
        }
    }
    tokio::join!(
        USER.scope("alice", work("alice")),
        USER.scope("bob", work("bob"))
    );
    assert_eq!(USER.get(), "anonymous");
    assert!(!OTHER.is_set());
}

#[test]
fn scoped_future_forms_its_context_at_the_first_poll_and_keeps_it() {
    // R10
    let mut future = pin!(USER.scope("alice", async {
        let first = OTHER.get();
        yield_once().await;
        (USER.get(), first, OTHER.get())
    }));
    assert!(
        OTHER
            .sync_scope(1, || poll_once(future.as_mut()))
            .is_pending()
    );
    let second = OTHER.sync_scope(2, || poll_once(future.as_mut()));
    assert_eq!(second, Poll::Ready(("alice", 1, 1)));
}

#[tokio::test]
async fn scopes_nest_however_the_futures_were_built() {
    let read = async || (USER.get(), OTHER.get());
    let inner = OTHER.scope(1, read());
    assert_eq!(USER.scope("alice", inner).await, ("alice", 1));
    let inner = USER.scope("inner", read());
    let outer = USER.scope("outer", OTHER.scope(2, inner));
    assert_eq!(outer.await, ("inner", 2));
}

#[tokio::test]
async fn plain_await_shares_the_callers_context() {
    // case 141, case 144, case 162: also when the callee does not suspend.
    async fn sets(yields: bool) {
        if yields {
            tokio::task::yield_now().await;
        }
        drop(USER.set(if yields { "after a yield" } else { "at once" }));
    }
    async {
        sets(false).await;
        assert_eq!(USER.get(), "at once");
        sets(true).await;
        assert_eq!(USER.get(), "after a yield");
    }
    .inherit_context()
    .await;
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn scoped_future_that_is_never_polled_never_forms_a_context() {
    let alive = crate::support::Alive::default();
    let future = TRACKED.scope(alive.track(), async {});
    USER.sync_scope("where it is dropped", || drop(future));
    assert_eq!(alive.count(), 0);
    let hook = crate::support::OnDrop(|| assert_eq!(USER.get(), "where it is dropped"));
    let future = USER.scope("alice", async move { drop(hook) });
    USER.sync_scope("where it is dropped", || drop(future));
}

context_var! {
    static TRACKED: crate::support::Tracked;
}

#[test]
fn thousands_of_nested_scopes_restore_each_level() {
    fn level(n: u32) {
        if n > 0 {
            OTHER.sync_scope(n, || {
                level(n - 1);
                assert_eq!(OTHER.get(), n);
            });
        }
    }
    // A sanitizer's frames are large.
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let thread = thread.spawn(|| {
        level(2000);
        assert!(!OTHER.is_set());
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn panic_at_each_depth_restores_exactly() {
    // case 191
    fn level(n: u32, fail_at: u32) {
        OTHER.sync_scope(n, || {
            assert!(n != fail_at, "here");
            let inner = std::panic::catch_unwind(|| level(n + 1, fail_at));
            assert_eq!(OTHER.get(), n);
            if let Err(payload) = inner
                && !n.is_multiple_of(3)
            {
                std::panic::resume_unwind(payload);
            }
        });
    }
    for fail_at in 1..20 {
        let _ = std::panic::catch_unwind(|| level(1, fail_at));
        assert!(!OTHER.is_set());
    }
}
