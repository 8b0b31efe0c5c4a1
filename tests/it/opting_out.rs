//! R14 and the ways to run work without the context around it: each on threads, tasks, blocking
//! closures and streams.
//!
//! Every test runs as alice, with a transaction open, and asks what the work sees of it.

use context_vars::{Context, context_var, inherit_context, isolated, prelude::*, task, thread};
use futures::executor::block_on;
use futures::stream::{self, StreamExt};

use crate::support::{OnDrop, soon, yield_once};

context_var! {
    static USER: &str = "anonymous";
    #[no_inherit]
    static TRANSACTION: u32;
}

/// Who the work runs as, and whether it is part of the transaction.
type Seen = (&'static str, bool);

const ALL: Seen = ("alice", true);
const ALICE_ALONE: Seen = ("alice", false);
const NOTHING: Seen = ("anonymous", false);

fn seen() -> Seen {
    (USER.get(), TRANSACTION.is_set())
}

async fn seen_later() -> Seen {
    yield_once().await;
    seen()
}

/// Runs `test` as alice, in a transaction, on a runtime; both are as before afterwards.
fn as_alice(test: impl Future<Output = Seen>) -> Seen {
    let work = async {
        let found = test.await;
        assert_eq!(seen(), ALL);
        found
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(USER.scope("alice", TRANSACTION.scope(1, work)))
}

/// The only item of a stream.
async fn item_of(stream: impl stream::Stream<Item = Seen>) -> Seen {
    let items: Vec<_> = stream.collect().await;
    assert_eq!(items.len(), 1);
    items[0]
}

fn steps() -> impl stream::Stream<Item = Seen> {
    stream::once(seen_later())
}

// ---- `#[no_inherit]`: all else is inherited ----

mod no_inherit {
    use super::*;

    #[test]
    fn on_a_thread() {
        let found = as_alice(async { thread::spawn(seen).join().unwrap() });
        assert_eq!(found, ALICE_ALONE);
    }

    #[test]
    fn in_a_task() {
        assert_eq!(
            as_alice(async { task::spawn(seen_later()).await.unwrap() }),
            ALICE_ALONE
        );
    }

    #[test]
    fn in_a_blocking_closure() {
        assert_eq!(
            as_alice(async { task::spawn_blocking(seen).await.unwrap() }),
            ALICE_ALONE
        );
    }

    #[test]
    fn in_a_stream() {
        assert_eq!(
            as_alice(async { item_of(steps().inherit_context()).await }),
            ALICE_ALONE
        );
        assert_eq!(
            as_alice(async { item_of(steps()).await }),
            ALL,
            "a bare one shares"
        );
    }

    #[test]
    fn scopes_of_the_same_work_keep_it() {
        assert_eq!(as_alice(USER.scope("alice", seen_later())), ALL);
        assert_eq!(as_alice(async { USER.sync_scope("alice", seen) }), ALL);
    }
}

// ---- `isolated(f)`: what is made inside inherits nothing ----

mod isolated_closure {
    use super::*;

    #[test]
    fn itself() {
        assert_eq!(as_alice(async { isolated(seen) }), NOTHING);
    }

    #[test]
    fn on_a_thread() {
        let spawned_inside = async { isolated(|| thread::spawn(seen)).join().unwrap() };
        assert_eq!(as_alice(spawned_inside), NOTHING);
        let called_inside = async { thread::spawn(|| isolated(seen)).join().unwrap() };
        assert_eq!(as_alice(called_inside), NOTHING);
    }

    #[test]
    fn in_a_task() {
        let spawned_inside = async { isolated(|| task::spawn(seen_later())).await.unwrap() };
        assert_eq!(as_alice(spawned_inside), NOTHING);
        let called_inside = async { task::spawn(async { isolated(seen) }).await.unwrap() };
        assert_eq!(as_alice(called_inside), NOTHING);
    }

    #[test]
    fn in_a_blocking_closure() {
        let spawned_inside = async { isolated(|| task::spawn_blocking(seen)).await.unwrap() };
        assert_eq!(as_alice(spawned_inside), NOTHING);
        let called_inside = async { task::spawn_blocking(|| isolated(seen)).await.unwrap() };
        assert_eq!(as_alice(called_inside), NOTHING);
    }

    #[test]
    fn in_a_stream() {
        let wrapped_inside = async { item_of(isolated(|| steps().inherit_context())).await };
        assert_eq!(as_alice(wrapped_inside), NOTHING);
        let called_inside = async {
            let steps = stream::iter([()]).map(|()| isolated(seen));
            item_of(steps.inherit_context()).await
        };
        assert_eq!(as_alice(called_inside), NOTHING);
    }
}

// ---- an `InContext` of `Context::new()` ----

mod empty_context {
    use super::*;

    #[test]
    fn on_a_thread() {
        let mut context = Context::new();
        let there = async move { thread::spawn(move || context.run(seen)).join().unwrap() };
        assert_eq!(as_alice(there), NOTHING);
    }

    #[test]
    fn in_a_task() {
        // Whether the task would inherit or not.
        let work = || seen_later().in_context(Context::new());
        assert_eq!(
            as_alice(async { tokio::spawn(work()).await.unwrap() }),
            NOTHING
        );
        assert_eq!(
            as_alice(async { task::spawn(work()).await.unwrap() }),
            NOTHING
        );
        assert_eq!(as_alice(work()), NOTHING);
    }

    #[test]
    fn in_a_blocking_closure() {
        let blocking = || block_on(seen_later().in_context(Context::new()));
        assert_eq!(
            as_alice(async { task::spawn_blocking(blocking).await.unwrap() }),
            NOTHING
        );
    }

    #[test]
    fn in_a_stream() {
        let steps = || steps().in_context(Context::new());
        assert_eq!(as_alice(async { item_of(steps()).await }), NOTHING);
        assert_eq!(
            as_alice(async { item_of(steps().inherit_context()).await }),
            NOTHING
        );
    }

    #[test]
    fn also_when_it_is_dropped() {
        let found = as_alice(async {
            let (send, found) = std::sync::mpsc::channel();
            let hook = OnDrop(move || send.send(seen()).unwrap());
            drop(async move { drop(hook) }.in_context(Context::new()));
            soon(&found)
        });
        assert_eq!(found, NOTHING);
    }
}

// ---- `#[detach_context]`, among others that inherit ----

mod detach_context {
    use super::*;

    #[inherit_context]
    async fn threads() -> Seen {
        let inherits = std::thread::spawn(seen);
        assert_eq!(inherits.join().unwrap(), ALICE_ALONE);
        let detached = std::thread::spawn(
            #[detach_context]
            || seen(),
        );
        detached.join().unwrap()
    }

    #[test]
    fn on_a_thread() {
        assert_eq!(as_alice(threads()), NOTHING);
    }

    #[inherit_context]
    async fn tasks() -> Seen {
        assert_eq!(tokio::spawn(seen_later()).await.unwrap(), ALICE_ALONE);
        let detached = tokio::spawn(
            #[detach_context]
            async {
                seen_later().await
            },
        );
        detached.await.unwrap()
    }

    #[test]
    fn in_a_task() {
        assert_eq!(as_alice(tasks()), NOTHING);
    }

    #[inherit_context]
    async fn blocking_closures() -> Seen {
        let inherits = tokio::task::spawn_blocking(seen);
        assert_eq!(inherits.await.unwrap(), ALICE_ALONE);
        let detached = tokio::task::spawn_blocking(
            #[detach_context]
            || seen(),
        );
        detached.await.unwrap()
    }

    #[test]
    fn in_a_blocking_closure() {
        assert_eq!(as_alice(blocking_closures()), NOTHING);
    }

    #[inherit_context]
    async fn streams() -> Seen {
        let shares = stream::iter([()]).then(|()| seen_later());
        assert_eq!(item_of(shares).await, ALL);
        let inherits = stream::iter([()]).then(|()| {
            #[inherit_context]
            async {
                seen_later().await
            }
        });
        assert_eq!(item_of(inherits).await, ALICE_ALONE);
        let detached = stream::iter([()]).map(
            #[detach_context]
            move |()| seen(),
        );
        assert_eq!(item_of(detached).await, NOTHING);
        let detached = stream::iter([()]).then(|()| {
            #[detach_context]
            async {
                seen_later().await
            }
        });
        item_of(detached).await
    }

    #[test]
    fn in_a_stream() {
        assert_eq!(as_alice(streams()), NOTHING);
    }
}
