//! The contexts that combinators of futures share or isolate: each row of the table of the
//! documentation's page `semantics`.

use std::future::pending;
use std::pin::{Pin, pin};
use std::time::Duration;

use context_vars::{Context, prelude::*, task};
use futures::future::Shared;
use futures::stream::{self, FuturesUnordered, StreamExt};
use futures::{FutureExt, select_biased};
use tokio::task::{JoinSet, LocalSet};

use crate::support::{USER, Witnessed, one_thread, poll_once, witness, yield_once};

/// The rows in the order of the table, each with its test.
const ROWS: [(&str, fn()); 13] = [
    ("`a.await`", awaiting),
    ("`tokio::join!`", tokio_join),
    ("`tokio::try_join!`", tokio_try_join),
    ("`tokio::select!`", tokio_select),
    ("`tokio::select!` handlers", tokio_select_handlers),
    ("`futures::join!`", futures_join),
    ("`futures::select!`", futures_select),
    ("`FuturesUnordered`", futures_unordered),
    ("`buffer_unordered`", buffer_unordered),
    ("`tokio::time::timeout`", timeout),
    ("`JoinSet::spawn`", join_set),
    ("`task::spawn_local` in a `LocalSet`", local_set),
    ("`FutureExt::shared`", shared),
];

#[test]
fn every_row_of_the_table_has_a_test() {
    let page = include_str!("../../context-vars/src/docs/semantics.md");
    let (_, page) = page.split_once("\n# Combinators\n").unwrap();
    let (page, _) = page.split_once("\n# ").unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.filter_map(|row| row.trim_start_matches("| ").split(" | ").next());
    assert_eq!(rows.collect::<Vec<_>>(), ROWS.map(|(row, _)| row));
}

/// The values that a future reads before and after others have had a turn.
type Seen = (&'static str, &'static str);
type Boxed = Pin<Box<dyn Future<Output = Seen>>>;

/// Reads, sets, lets others have a turn, reads again.
async fn turn(own: &'static str) -> Seen {
    let before = USER.get();
    USER.set(own);
    yield_once().await;
    (before, USER.get())
}

/// Like [`turn`], but never ready after it.
async fn turn_for_ever<T>(own: &'static str) -> T {
    turn(own).await;
    pending().await
}

/// Like [`turn_for_ever`], in a scope, with the users that are current when it is dropped.
fn turn_until_dropped<T>(own: &'static str) -> (impl Future<Output = T>, Witnessed) {
    let (hook, seen) = witness();
    let work = async move {
        let _hook = hook;
        turn_for_ever(own).await
    };
    (scoped(work), seen)
}

/// In a scope that reads what it was given, until the future sets something.
fn scoped<F: Future>(future: F) -> impl Future<Output = F::Output> {
    USER.scope("scope", future)
}

/// Runs `test` as the work of `caller`, in a scope.
fn run(test: impl Future<Output = ()>) {
    let paused = async {
        tokio::time::pause();
        test.await;
    };
    one_thread().block_on(USER.scope("caller", paused));
}

#[test]
fn awaiting() {
    run(async {
        assert_eq!(scoped(turn("a")).await, ("scope", "a"));
        assert_eq!(turn("b").inherit_context().await, ("caller", "b"));
        assert_eq!(USER.get(), "caller", "isolated");
        assert_eq!(turn("c").await, ("caller", "c"));
        assert_eq!(USER.get(), "c", "shared");
    });
}

/// Polls two turns in turn, each in its own context, and then both in the caller's.
async fn join(both: impl AsyncFn(Boxed, Boxed) -> (Seen, Seen)) {
    let inherits = turn("b").inherit_context();
    let isolated = both(Box::pin(scoped(turn("a"))), Box::pin(inherits)).await;
    assert_eq!(isolated, (("scope", "a"), ("caller", "b")));
    assert_eq!(USER.get(), "caller");
    let shared = both(Box::pin(turn("a")), Box::pin(turn("b"))).await;
    assert_eq!(shared, (("caller", "b"), ("a", "b")));
    assert_eq!(USER.get(), "b");
}

#[test]
fn tokio_join() {
    // case 269
    run(join(async |a, b| tokio::join!(a, b)));
}

#[test]
fn futures_join() {
    run(join(async |a, b| futures::join!(a, b)));
}

#[test]
fn tokio_try_join() {
    async fn turn_and_fail(own: &'static str) -> Result<(), &'static str> {
        turn(own).await;
        Err(own)
    }
    run(async {
        let (dropped, seen) = turn_until_dropped::<Result<(), _>>("dropped");
        let failed = tokio::try_join!(dropped, scoped(turn_and_fail("failed")));
        assert_eq!(failed, Err("failed"));
        assert_eq!(seen.users(), ["dropped"]);
        assert_eq!(USER.get(), "caller", "nothing is left");

        let dropped = turn_for_ever::<Result<(), _>>("dropped");
        let failed = tokio::try_join!(turn_and_fail("failed"), dropped);
        assert_eq!(failed, Err("failed"));
        assert_eq!(USER.get(), "dropped", "shared, whoever failed");
    });
}

#[test]
fn tokio_select() {
    // case 269
    run(async {
        let (lost, seen) = turn_until_dropped("lost");
        tokio::select! {
            biased;
            () = lost => unreachable!(),
            won = scoped(turn("won")) => assert_eq!(won, ("scope", "won")),
        }
        assert_eq!(seen.users(), ["lost"], "dropped inside its context");
        assert_eq!(USER.get(), "caller");

        tokio::select! {
            biased;
            won = turn("won") => assert_eq!(won, ("caller", "lost")),
            () = turn_for_ever("lost") => unreachable!(),
        }
        assert_eq!(USER.get(), "lost", "shared with the one that lost");
    });
}

#[test]
fn tokio_select_handlers() {
    run(async {
        tokio::select! {
            _ = scoped(turn("branch")) => {
                assert_eq!(USER.get(), "caller", "a handler is not part of its branch");
                USER.set("handler");
            }
        }
        assert_eq!(USER.get(), "handler");
    });
}

#[test]
fn futures_select() {
    run(async {
        let mut picked_up = pin!(scoped(turn("again")).fuse());
        let mut rounds = 0;
        let seen = loop {
            let mut quick = pin!(scoped(async { drop(USER.set("quick")) }).fuse());
            select_biased! {
                seen = picked_up => break seen,
                () = quick => rounds += 1,
            }
            assert_eq!(USER.get(), "caller");
        };
        assert_eq!((seen, rounds), (("scope", "again"), 1));

        let mut lost = pin!(turn_for_ever("lost").fuse());
        let mut won = pin!(turn("won").fuse());
        select_biased! {
            () = lost => unreachable!(),
            seen = won => assert_eq!(seen, ("lost", "won")),
        }
        assert_eq!(USER.get(), "won");
    });
}

#[test]
fn futures_unordered() {
    run(async {
        let users = ["a", "b", "c"];
        let members: FuturesUnordered<_> = users.iter().map(|own| scoped(turn(own))).collect();
        let mut seen: Vec<_> = members.collect().await;
        seen.sort_unstable();
        assert_eq!(seen, users.map(|own| ("scope", own)));
        assert_eq!(USER.get(), "caller");

        let members: FuturesUnordered<_> = users.iter().map(|own| turn(own)).collect();
        let seen: Vec<_> = members.collect().await;
        let last = USER.get();
        assert_ne!(last, "caller");
        assert!(seen.iter().all(|(_, after)| *after == last), "{seen:?}");
    });
}

#[test]
fn buffer_unordered() {
    run(async {
        let users = || stream::iter(["a", "b", "c"]);
        let isolated = users().map(|own| scoped(turn(own)));
        let mut seen: Vec<_> = isolated.buffer_unordered(2).collect().await;
        seen.sort_unstable();
        assert_eq!(seen, [("scope", "a"), ("scope", "b"), ("scope", "c")]);
        assert_eq!(USER.get(), "caller");

        // The stream that makes the futures is polled between them, in the same context.
        let mut made_in = Vec::new();
        let making = users().map(|own| {
            made_in.push(USER.get());
            turn(own)
        });
        let shared: Vec<_> = making.buffer_unordered(2).collect().await;
        assert_eq!(shared.len(), 3);
        assert_eq!(made_in[..2], ["caller"; 2], "before a future was polled");
        assert_ne!(made_in[2], "caller");
        assert_ne!(USER.get(), "caller");
    });
}

#[test]
fn timeout() {
    // case 269
    run(async {
        let soon = Duration::from_millis(5);
        let (late, seen) = turn_until_dropped::<()>("late");
        assert!(tokio::time::timeout(soon, late).await.is_err());
        assert_eq!(seen.users(), ["late"], "dropped inside its context");
        assert_eq!(USER.get(), "caller");
        let in_time = tokio::time::timeout(soon, scoped(turn("in time"))).await;
        assert_eq!(in_time, Ok(("scope", "in time")));

        let late = turn_for_ever::<()>("late");
        assert!(tokio::time::timeout(soon, late).await.is_err());
        assert_eq!(USER.get(), "late", "shared, also what was set before");
    });
}

#[test]
fn join_set() {
    // case 269
    run(async {
        let mut tasks = JoinSet::new();
        tasks.spawn(turn("a").inherit_context());
        tasks.spawn(turn("b").inherit_context());
        let mut seen = tasks.join_all().await;
        seen.sort_unstable();
        assert_eq!(seen, [("caller", "a"), ("caller", "b")]);
        assert_eq!(USER.get(), "caller");

        // A bare task reads the context of its poller, which is `block_on` here, by chance.
        let mut tasks = JoinSet::new();
        tasks.spawn(async { USER.is_set() });
        assert_eq!(tasks.join_all().await, [false], "nothing is inherited");
        let mut tasks = JoinSet::new();
        tasks.spawn(turn("bare"));
        assert!(tasks.join_next().await.unwrap().unwrap_err().is_panic());
    });
}

#[test]
fn local_set() {
    run(async {
        let isolated = async { task::spawn_local(turn("a")).await.unwrap() };
        assert_eq!(LocalSet::new().run_until(isolated).await, ("caller", "a"));
        assert_eq!(USER.get(), "caller");
        let bare = async { tokio::task::spawn_local(turn("b")).await };
        let refused = LocalSet::new().run_until(bare).await;
        assert!(refused.unwrap_err().is_panic());
        assert_eq!(USER.get(), "caller", "what drives the set is as it was");
        let driver = async { tokio::task::spawn_local(async { USER.get() }).await };
        let driven = scoped(LocalSet::new().run_until(driver)).await;
        assert_eq!(driven.unwrap(), "scope");
    });
    let in_the_root = async { tokio::task::spawn_local(turn("c")).await };
    let refused = LocalSet::new().block_on(&one_thread(), in_the_root);
    assert!(refused.unwrap_err().is_panic());
}

#[test]
fn shared() {
    /// Polls a clone in one context, and awaits the work in another.
    async fn second(work: Shared<impl Future<Output = Seen>>) -> Seen {
        let context = |user| Context::new().with_value(&USER, user);
        let mut first = pin!(work.clone().in_context(context("first")));
        assert!(poll_once(first.as_mut()).is_pending());
        work.in_context(context("second")).await
    }
    run(async {
        let isolated = second(scoped(turn("inside")).shared()).await;
        assert_eq!(isolated, ("scope", "inside"), "the same for every clone");
        let bare = second(turn("inside").shared()).await;
        assert_eq!(bare, ("first", "second"), "that of the clone that polls");
        assert_eq!(USER.get(), "caller");
    });
}
