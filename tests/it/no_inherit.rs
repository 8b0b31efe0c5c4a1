//! R14: `#[no_inherit]` variables.

use context_vars::{Context, context_var, inherit, prelude::*, with_context};

use crate::support::{Alive, Tracked, ended};

context_var! {
    #[no_inherit]
    static TRANSACTION: u32;
    #[no_inherit]
    static TRACKED: Tracked;
    static USER: &str = "anonymous";
}

fn is_set() -> bool {
    TRANSACTION.is_set()
}

#[test]
fn left_out_of_snapshots_and_of_everything_that_inherits() {
    // case 171, case 179, case 281, case 282
    TRANSACTION.sync_scope(7, || {
        USER.sync_scope("alice", || {
            assert_eq!(Context::current().get(&TRANSACTION), None);
            assert_eq!(Context::current().get(&USER), Some(&"alice"));
            assert!(!inherit(is_set)());
            let there = context_vars::thread::spawn(|| (USER.get(), is_set()));
            assert_eq!(ended(there), ("alice", false));
            let mut steps = std::iter::once_with(is_set).inherit_context();
            assert_eq!(steps.next(), Some(false));
        });
    });
}

#[tokio::test]
async fn scopes_of_the_same_work_keep_it() {
    let work = async {
        USER.sync_scope("alice", || assert_eq!(TRANSACTION.get(), 7));
        let inner = async {
            tokio::task::yield_now().await;
            assert_eq!(TRANSACTION.get(), 7);
            TRANSACTION.set(8);
        };
        USER.scope("bob", inner).await;
        assert_eq!(TRANSACTION.get(), 7);
    };
    TRANSACTION.scope(7, work).await;
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

/// Its synchronous part sees the caller's context, and its future that of its poller.
#[with_context(user = "alice")]
fn returns_a_future(own: Option<u32>) -> impl Future<Output = (&'static str, Option<u32>)> {
    assert!(is_set());
    let _token = own.map(|own| TRANSACTION.set(own));
    async {
        tokio::task::yield_now().await;
        (USER.get(), TRANSACTION.try_get().ok())
    }
}

#[tokio::test]
async fn future_that_a_function_returns_finds_that_of_who_polls_it() {
    let both = || [None, Some(8)].map(returns_a_future);
    let work = async {
        let spawned = both().map(tokio::spawn);
        let [plain, own] = both();
        assert_eq!(plain.await, ("alice", Some(7)));
        assert_eq!(own.await, ("alice", Some(8)));
        (spawned, returns_a_future(None))
    };
    let ([plain, own], other) = TRANSACTION.scope(7, work).await;
    assert_eq!(plain.await.unwrap(), ("alice", None));
    let own = own.await.unwrap();
    assert_eq!(own, ("alice", Some(8)), "it is the call's own");
    assert_eq!(TRANSACTION.scope(9, other).await, ("alice", Some(9)));
}

#[with_context(user = "alice", transaction = 7, tracked = alive.track())]
fn with_two_kinds(alive: &Alive) -> (&'static str, u32, usize) {
    assert!(TRACKED.is_set());
    (USER.get(), TRANSACTION.get(), alive.count())
}

#[test]
fn one_scope_sets_variables_of_both_kinds() {
    // case 69
    let alive = Alive::default();
    for _ in 0..2 {
        assert_eq!(with_two_kinds(&alive), ("alice", 7, 1));
    }
    assert!(!USER.is_set() && !TRANSACTION.is_set() && !TRACKED.is_set());
    assert_eq!(alive.count(), 0);
    let snapshot = TRACKED.sync_scope(alive.track(), Context::current);
    assert_eq!(
        (alive.count(), snapshot.len()),
        (0, 0),
        "not kept by a snapshot"
    );
}
