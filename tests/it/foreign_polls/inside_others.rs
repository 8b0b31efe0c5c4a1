//! Work that is polled and dropped inside scopes, reads and polls of others.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use context_vars::{Context, inherit, prelude::*, task};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::{Boxed, COUNT, counting, seen, ways};
use crate::support::{
    Alive, TRACKED, USER, alice, one_thread, panic_of, poll_once, witness, yield_once,
};

#[test]
fn executors_run_inside_a_scope_and_the_scope_goes_on() {
    type BlockOn = fn(Boxed<&'static str>) -> &'static str;
    let tokios = |future| one_thread().block_on(future);
    let tokios_workers = |future| {
        let builder = &mut Builder::new_multi_thread();
        builder.worker_threads(1).build().unwrap().block_on(future)
    };
    let nested_local_set = |future| {
        let runtime = one_thread();
        LocalSet::new().block_on(&runtime, async {
            let inner = LocalSet::new();
            let driver = async { task::spawn_local(future).await.unwrap() };
            USER.scope("between", inner.run_until(driver)).await
        })
    };
    let executors: [(&str, BlockOn, &str); 5] = [
        ("futures", futures::executor::block_on, "alice"),
        ("smol", smol::block_on, "alice"),
        ("tokio", tokios, "alice"),
        ("tokio with workers", tokios_workers, "alice"),
        ("nested local sets", nested_local_set, "between"),
    ];
    for (name, block_on, expected) in executors {
        USER.sync_scope("alice", || {
            let before = seen();
            assert_eq!(block_on(Box::pin(counting(3))), expected, "{name}");
            // The executor's own future is part of the work that blocks.
            assert_eq!(
                COUNT.get(),
                if expected == "alice" { 3 } else { 0 },
                "{name}"
            );
            drop(COUNT.set(0));
            assert_eq!(block_on(Box::pin(counting(3).in_context(alice()))), "alice");
            assert_eq!((USER.get(), COUNT.get()), (before.0, before.2), "{name}");
            let panicking = || block_on(Box::pin(async { panic!("inside") }));
            assert!(!panic_of(panicking).is_empty());
            assert_eq!(USER.get(), "alice", "{name}");
        });
        assert!(!USER.is_set() && !COUNT.is_set(), "{name}");
    }
}

#[test]
fn dropped_inside_a_read_of_the_same_and_of_another_variable() {
    for (way, mut future) in ways() {
        assert!(poll_once(future.as_mut()).is_pending(), "{way}");
        let alive = Alive::default();
        let mut holder = Context::new()
            .with_value(&TRACKED, alive.track())
            .with_value(&USER, "reader");
        holder.run(|| {
            TRACKED.with(|_| {
                USER.with(|user| {
                    drop(future);
                    assert_eq!(*user, "reader");
                });
                assert_eq!(alive.count(), 1);
            });
            assert_eq!(USER.get(), "reader", "{way}");
        });
    }
    // The value that is read belongs to the future that is dropped.
    let alive = Alive::default();
    let context = Context::new().with_value(&TRACKED, alive.track());
    let mut future = Some(Box::pin(counting(1).in_context(context)));
    let mut snapshot = future
        .as_mut()
        .unwrap()
        .as_mut()
        .run_pinned(|_| Context::current());
    snapshot.run(|| {
        TRACKED.with(|_| {
            future = None;
            assert_eq!(alive.count(), 1);
        });
    });
    drop(snapshot);
    assert_eq!(alive.count(), 0);
}

#[test]
fn polled_inside_the_poll_of_another() {
    let mut inner = Box::pin(USER.scope("inner", counting(3)));
    let outer = std::future::poll_fn(|cx| {
        drop(COUNT.set(0));
        let before = seen();
        let poll = inner.as_mut().poll(cx);
        assert_eq!(seen(), before);
        poll
    });
    let mut outer = pin!(USER.scope("outer", outer));
    for poll in 0..4 {
        assert_eq!(poll_once(outer.as_mut()).is_ready(), poll == 3);
        assert!(!USER.is_set());
    }
}

#[test]
fn dropped_inside_the_poll_of_another() {
    let (hook, seen) = witness();
    let mut victim = Box::pin(USER.scope("victim", async move {
        let _hook = hook;
        counting(5).await
    }));
    assert!(poll_once(victim.as_mut()).is_pending());
    let killer = USER.scope("killer", async move {
        drop(victim);
        USER.get()
    });
    assert_eq!(futures::executor::block_on(killer), "killer");
    assert_eq!(seen.users(), ["victim"]);
    assert!(!USER.is_set());
}

#[test]
fn poll_that_panics_under_others_restores_each() {
    let panicking = USER.scope("inner", async {
        drop(COUNT.set(9));
        yield_once().await;
        panic!("in the inner poll");
    });
    let mut panicking = Box::pin(panicking.in_context(alice()));
    let mut outer = Box::pin(USER.scope("outer", async {
        assert!(poll_once(panicking.as_mut()).is_pending());
        let before = seen();
        let text = panic_of(|| poll_once(panicking.as_mut()));
        assert_eq!(seen(), before);
        text
    }));
    assert_eq!(
        poll_once(outer.as_mut()),
        Poll::Ready("in the inner poll".to_owned())
    );
    assert!(!USER.is_set() && !COUNT.is_set());
}

#[test]
fn wrapped_closure_called_inside_a_poll_and_a_future_polled_inside_a_closure() {
    let closure = USER.sync_scope("closure", || {
        inherit(|| {
            let mut future = pin!(USER.scope("future", async { USER.get() }));
            (poll_once(future.as_mut()), USER.get())
        })
    });
    let mut outer = pin!(USER.scope("outer", async { (closure(), USER.get()) }));
    let expected = ((Poll::Ready("future"), "closure"), "outer");
    assert_eq!(poll_once(outer.as_mut()), Poll::Ready(expected));
}
