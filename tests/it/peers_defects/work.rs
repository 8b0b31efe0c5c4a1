//! Work that panics, moves, is stolen, drained and dropped elsewhere.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use context_vars::{Context, ContextStreamExt, inherit, inherit_fn, prelude::*, task};
use futures::stream::{self, StreamExt};

use super::{NOTE, REQUEST_ID, TENANT, USER, one_thread, two_workers};
use crate::support::{OnDrop, panic_of, poll_once, yield_once};

#[test]
fn panic_in_a_poll_does_not_leak_the_context_to_the_next_task() {
    for runtime in [one_thread(), two_workers()] {
        runtime.block_on(async {
            for _ in 0..20 {
                let panics = tokio::spawn(USER.scope("alice", async {
                    drop(REQUEST_ID.set(7));
                    tokio::task::yield_now().await;
                    panic!("in poll");
                }));
                let next = tokio::spawn(async { (USER.get(), REQUEST_ID.is_set()) });
                assert!(panics.await.unwrap_err().is_panic());
                assert_eq!(next.await.unwrap(), ("anonymous", false));
                let later = tokio::spawn(async { (USER.get(), REQUEST_ID.is_set()) });
                assert_eq!(later.await.unwrap(), ("anonymous", false));
            }
        });
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

#[test]
fn nested_scopes_keep_every_outer_variable_in_whatever_order_they_were_built() {
    type Wrap<T> = fn(Boxed<T>) -> Boxed<T>;
    let wraps: [Wrap<_>; 3] = [
        |future| Box::pin(USER.scope("alice", future)),
        |future| Box::pin(REQUEST_ID.scope(7, future)),
        |future| Box::pin(TENANT.scope(1, future)),
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        // Built here, inside another scope, and polled there, one poll inside yet another.
        let mut future: Boxed<_> = Box::pin(async {
            yield_once().await;
            (USER.get(), REQUEST_ID.get(), TENANT.get(), NOTE.get())
        });
        USER.sync_scope("where it was built", || {
            for wrap in order {
                future = wraps[wrap](std::mem::replace(
                    &mut future,
                    Box::pin(std::future::pending()),
                ));
            }
        });
        let first = NOTE.sync_scope("at the first poll", || poll_once(future.as_mut()));
        assert!(first.is_pending());
        let second = NOTE.sync_scope("at the second", || poll_once(future.as_mut()));
        assert_eq!(second, Poll::Ready(("alice", 7, 1, "at the first poll")));
    }
}

#[test]
fn future_is_never_dropped_outside_its_context() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = |how| {
        let seen = seen.clone();
        OnDrop(move || seen.lock().unwrap().push((how, USER.get())))
    };
    let alice = || Context::new().with_value(&USER, "alice");
    USER.sync_scope("outside", || {
        let done = witness("done");
        let mut future = Box::pin(async move { drop(done) }.in_context(alice()));
        assert!(poll_once(future.as_mut()).is_ready());

        let cancelled = witness("cancelled");
        let mut future = Box::pin(USER.scope("alice", async move {
            let _cancelled = cancelled;
            yield_once().await;
        }));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);

        let never = witness("never polled");
        drop(async move { drop(never) }.in_context(alice()));

        let panics = witness("panics");
        let mut future = Box::pin(USER.scope("alice", async move {
            let _panics = panics;
            panic!("in poll")
        }));
        panic_of(|| poll_once::<dyn Future<Output = ()>>(future.as_mut()));

        let elsewhere = witness("on another thread");
        let mut future = Box::pin(USER.scope("alice", async move {
            let _elsewhere = elsewhere;
            yield_once().await;
        }));
        assert!(poll_once(future.as_mut()).is_pending());
        std::thread::spawn(move || drop(future)).join().unwrap();
    });
    let hows = [
        "done",
        "cancelled",
        "never polled",
        "panics",
        "on another thread",
    ];
    assert_eq!(*seen.lock().unwrap(), hows.map(|how| (how, "alice")));
}

#[test]
fn scope_around_block_on_reaches_the_tasks_that_inherit_on_every_runtime() {
    // R13: what a bare task sees is its poller's context. On a runtime of one thread that is
    // whoever blocks on it, here the scope; on workers it is an empty one. Nobody may rely on it,
    // and nobody needs to: what inherits sees the same on both.
    for (runtime, bare_sees) in [(one_thread(), "around"), (two_workers(), "anonymous")] {
        let seen = USER.sync_scope("around", || {
            runtime.block_on(async {
                let inherits = task::spawn(async { USER.get() });
                let scoped = tokio::spawn(USER.scope("own", async { USER.get() }));
                let isolated = tokio::spawn(async { USER.get() }.in_context(Context::new()));
                let bare = tokio::spawn(async { USER.get() });
                let (inherits, scoped) = (inherits.await.unwrap(), scoped.await.unwrap());
                (
                    inherits,
                    scoped,
                    isolated.await.unwrap(),
                    bare.await.unwrap(),
                )
            })
        });
        assert_eq!(seen, ("around", "own", "anonymous", bare_sees));
        assert_eq!(USER.get(), "anonymous");
    }
}

#[test]
fn job_stolen_by_a_thread_that_waits_inside_a_context_sees_its_own() {
    // A worker that waits in `join` takes whatever is queued, with its own context current. What
    // is wrapped does not care; `pools.rs` has more.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    let wrong = Arc::new(AtomicUsize::new(0));
    pool.scope(|scope| {
        for id in 0..500 {
            let wrong = wrong.clone();
            let job = REQUEST_ID.sync_scope(id, || {
                inherit(move || {
                    let check = inherit_fn(move |()| usize::from(REQUEST_ID.get() != id));
                    let (a, b) = rayon::join(|| check(()), || check(()));
                    let after = usize::from(REQUEST_ID.get() != id);
                    wrong.fetch_add(a + b + after, Ordering::SeqCst);
                })
            });
            scope.spawn(move |_| job());
        }
    });
    assert_eq!(wrong.load(Ordering::SeqCst), 0);
}

#[test]
fn stream_that_is_drained_outside_its_scope_sees_its_own() {
    let steps = || stream::iter(0..3).map(|n| (n, USER.get()));
    let (wrapped, bare) = USER.sync_scope("producer", || {
        (ContextStreamExt::inherit_context(steps()), steps())
    });
    let drained = futures::executor::block_on(wrapped.collect::<Vec<_>>());
    assert_eq!(drained, [(0, "producer"), (1, "producer"), (2, "producer")]);
    // What is not wrapped follows its consumer, as a plain await does (R13).
    let mut bare = pin!(bare);
    let first = USER.sync_scope("consumer", || poll_once(pin!(bare.next())));
    assert_eq!(first, Poll::Ready(Some((0, "consumer"))));
}
