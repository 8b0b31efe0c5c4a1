//! R14: `#[no_inherit]` variables.

use context_vars::{Context, context_var, detached, inherit, prelude::*, with_context};

use crate::support::{Alive, Tracked, allocations, ended};

context_var! {
    #[no_inherit]
    static TRANSACTION: u32;
    #[no_inherit]
    static TRACKED: Tracked;
    static USER: &str = "anonymous";
}

#[test]
fn left_out_of_snapshots_and_of_everything_that_inherits() {
    // case 171, case 179, case 281, case 282
    TRANSACTION.sync_scope(7, || {
        USER.sync_scope("alice", || {
            assert_eq!(Context::current().get(&TRANSACTION), None);
            assert_eq!(Context::current().get(&USER), Some(&"alice"));
            assert!(!inherit(|| TRANSACTION.is_set())());
            let there = context_vars::thread::spawn(|| (USER.get(), TRANSACTION.is_set()));
            assert_eq!(ended(there), ("alice", false));
            let step = std::iter::once_with(|| TRANSACTION.is_set())
                .inherit_context()
                .next();
            assert_eq!(step, Some(false));
        });
    });
}

#[tokio::test]
async fn scopes_of_the_same_work_keep_it() {
    TRANSACTION
        .scope(7, async {
            USER.sync_scope("alice", || assert_eq!(TRANSACTION.get(), 7));
            USER.scope("bob", async {
                tokio::task::yield_now().await;
                assert_eq!(TRANSACTION.get(), 7);
                TRANSACTION.set(8);
            })
            .await;
            assert_eq!(TRANSACTION.get(), 7);
        })
        .await;
}

#[test]
fn context_that_was_given_one_explicitly_holds_it() {
    // case 282: CPython's draft marks those that inherit, we mark those that do not.
    let mut context = Context::new().with_value(&TRANSACTION, 1);
    assert_eq!(context.get(&TRANSACTION), Some(&1));
    assert_eq!(context.run(|| TRANSACTION.get()), 1);
    context.run(|| drop(TRANSACTION.set(2)));
    let mut clone = context.clone();
    assert_eq!(clone.get(&TRANSACTION), Some(&2));
    clone.run(|| drop(TRANSACTION.set(3)));
    assert_eq!(context.get(&TRANSACTION), Some(&2));
    assert_eq!(context.len(), 1);
    assert_eq!(format!("{context:?}"), "{TRANSACTION: 2}");
    assert!(context.without(&TRANSACTION).is_empty());
}

#[test]
fn set_and_reset_by_token_like_any_other() {
    detached(|| {
        let token = TRANSACTION.set(1);
        let inner = TRANSACTION.set(2);
        inner.reset().unwrap();
        assert_eq!(TRANSACTION.get(), 1);
        token.reset().unwrap();
        assert!(!TRANSACTION.is_set());
    });
}

#[test]
fn dropped_with_the_work_that_has_it() {
    let alive = Alive::default();
    let snapshot = TRACKED.sync_scope(alive.track(), Context::current);
    assert_eq!(alive.count(), 0, "the snapshot does not keep it");
    drop(snapshot);
}

#[test]
fn snapshot_costs_no_more_when_one_is_set() {
    // R6 stays O(1)
    TRANSACTION.sync_scope(7, || {
        let _warm = Context::current();
        assert_eq!(allocations(Context::current), 0);
    });
}

/// Its synchronous part sees the caller's context, and its future that of its poller.
#[with_context(user = "alice")]
fn returns_a_future(own: Option<u32>) -> impl Future<Output = (&'static str, Option<u32>)> {
    assert!(TRANSACTION.is_set());
    if let Some(own) = own {
        TRANSACTION.set(own);
    }
    async {
        tokio::task::yield_now().await;
        (USER.get(), TRANSACTION.try_get().ok())
    }
}

#[tokio::test]
async fn future_that_a_function_returns_finds_that_of_who_polls_it() {
    let (spawned, awaited, other) = TRANSACTION
        .scope(7, async {
            let spawned = [returns_a_future(None), returns_a_future(Some(8))].map(tokio::spawn);
            let awaited = [
                returns_a_future(None).await,
                returns_a_future(Some(8)).await,
            ];
            (spawned, awaited, returns_a_future(None))
        })
        .await;
    assert_eq!(awaited, [("alice", Some(7)), ("alice", Some(8))]);
    let [taken_over, own] = spawned;
    assert_eq!(taken_over.await.unwrap(), ("alice", None));
    assert_eq!(
        own.await.unwrap(),
        ("alice", Some(8)),
        "it is the call's own"
    );
    assert_eq!(TRANSACTION.scope(9, other).await, ("alice", Some(9)));
}

#[with_context(user = "alice", transaction = 7, tracked = alive.track())]
fn with_two_kinds(alive: &Alive) -> (&'static str, u32, usize) {
    assert!(TRACKED.is_set());
    (USER.get(), TRANSACTION.get(), alive.count())
}

#[test]
fn one_scope_sets_variables_of_both_kinds() {
    let alive = Alive::default();
    for _ in 0..2 {
        assert_eq!(with_two_kinds(&alive), ("alice", 7, 1));
    }
    assert!(!USER.is_set() && !TRANSACTION.is_set() && !TRACKED.is_set());
    assert_eq!(alive.count(), 0);
}
