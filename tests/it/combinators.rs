//! The contexts that combinators of futures share or isolate: each row of the table of the
//! documentation's page `semantics`.

use std::pin::pin;
use std::time::Duration;

use context_vars::{Context, prelude::*, task};
use futures::stream::{self, FuturesUnordered, StreamExt};
use futures::{FutureExt, select_biased};
use tokio::task::{JoinSet, LocalSet};

use self::turns::{run, scoped, turn, turn_and_fail, turn_for_ever};
use crate::support::{USER, one_thread, poll_once, witness};

mod table;
mod turns;

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

#[test]
fn tokio_join() {
    // case 269
    run(async {
        let isolated = tokio::join!(scoped(turn("a")), turn("b").inherit_context());
        assert_eq!(isolated, (("scope", "a"), ("caller", "b")));
        assert_eq!(USER.get(), "caller");
        let shared = tokio::join!(turn("a"), turn("b"));
        assert_eq!(shared, (("caller", "b"), ("a", "b")));
        assert_eq!(USER.get(), "b");
    });
}

#[test]
fn tokio_try_join() {
    run(async {
        let (hook, seen) = witness();
        let dropped = scoped(async move {
            let _hook = hook;
            turn_for_ever("dropped").await;
            Ok(())
        });
        let failed = tokio::try_join!(dropped, scoped(turn_and_fail("failed")));
        assert_eq!(failed, Err("failed"));
        assert_eq!(seen.users(), ["dropped"]);
        assert_eq!(USER.get(), "caller", "nothing is left");

        let dropped = async {
            turn_for_ever("dropped").await;
            Ok(())
        };
        let failed = tokio::try_join!(turn_and_fail("failed"), dropped);
        assert_eq!(failed, Err("failed"));
        assert_eq!(USER.get(), "dropped", "shared, whoever failed");
    });
}

#[test]
fn tokio_select() {
    // case 269
    run(async {
        let (hook, seen) = witness();
        let lost = async move {
            let _hook = hook;
            turn_for_ever("lost").await;
        };
        tokio::select! {
            biased;
            () = scoped(lost) => unreachable!(),
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
fn futures_join() {
    run(async {
        let isolated = futures::join!(scoped(turn("a")), turn("b").inherit_context());
        assert_eq!(isolated, (("scope", "a"), ("caller", "b")));
        assert_eq!(USER.get(), "caller");
        let shared = futures::join!(turn("a"), turn("b"));
        assert_eq!(shared, (("caller", "b"), ("a", "b")));
        assert_eq!(USER.get(), "b");
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
        let mut seen: Vec<_> = users()
            .map(|own| scoped(turn(own)))
            .buffer_unordered(2)
            .collect()
            .await;
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
        assert_eq!(
            made_in[..2],
            ["caller", "caller"],
            "before any future was polled"
        );
        assert_ne!(made_in[2], "caller");
        assert_ne!(USER.get(), "caller");
    });
}

#[test]
fn timeout() {
    // case 269
    run(async {
        let soon = Duration::from_millis(5);
        let (hook, seen) = witness();
        let late = scoped(async move {
            let _hook = hook;
            turn_for_ever("late").await;
        });
        assert!(tokio::time::timeout(soon, late).await.is_err());
        assert_eq!(seen.users(), ["late"], "dropped inside its context");
        assert_eq!(USER.get(), "caller");
        let in_time = tokio::time::timeout(soon, scoped(turn("in time"))).await;
        assert_eq!(in_time, Ok(("scope", "in time")));

        assert!(
            tokio::time::timeout(soon, turn_for_ever("late"))
                .await
                .is_err()
        );
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
        assert!(
            !tasks.join_next().await.unwrap().unwrap(),
            "nothing is inherited"
        );
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
        let driver = async {
            tokio::task::spawn_local(async { USER.get() })
                .await
                .unwrap()
        };
        let set = LocalSet::new();
        let driven = scoped(set.run_until(driver)).await;
        assert_eq!(driven, "scope");
    });
    let runtime = one_thread();
    let in_the_root = async { tokio::task::spawn_local(turn("c")).await };
    let refused = LocalSet::new().block_on(&runtime, in_the_root);
    assert!(refused.unwrap_err().is_panic());
}

#[test]
fn shared() {
    run(async {
        let context = |user| Context::new().with_value(&USER, user);
        let isolated = scoped(turn("inside")).shared();
        let mut first = pin!(isolated.clone().in_context(context("first")));
        assert!(poll_once(first.as_mut()).is_pending());
        let second = isolated.in_context(context("second"));
        assert_eq!(
            second.await,
            ("scope", "inside"),
            "the same for every clone"
        );

        let bare = turn("inside").shared();
        let mut first = pin!(bare.clone().in_context(context("first")));
        assert!(poll_once(first.as_mut()).is_pending());
        let second = bare.in_context(context("second"));
        assert_eq!(
            second.await,
            ("first", "second"),
            "that of the clone that polls"
        );
        assert_eq!(USER.get(), "caller");
    });
}
