//! R8, R15: work that is polled, woken, moved and dropped in unexpected places restores exactly.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context as Waking, Poll, Wake, Waker};

use context_vars::{Context, inherit, prelude::*, task};
use tokio::task::LocalSet;

use crate::support::{
    Alive, COUNT, OnDrop, TRACKED, USER, alice, on_a_thread, one_thread, panic_of, poll_once,
    rayon_pool, witness, workers, yield_once,
};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// All that can be seen of the current context.
fn seen() -> (&'static str, bool, u32, usize) {
    let len = Context::current().len();
    (USER.get(), USER.is_set(), COUNT.get(), len)
}

/// Counts its polls in `COUNT` and gives the user at the end.
async fn counting(polls: u32) -> &'static str {
    for n in 0..polls {
        assert_eq!(COUNT.get(), n);
        COUNT.set(n + 1);
        yield_once().await;
    }
    USER.get()
}

/// Each way to give a future a context, nested ones included.
fn ways() -> [(&'static str, Boxed<&'static str>); 7] {
    let work = || counting(5);
    let both = || USER.scope("bob", USER.scope("alice", work()));
    let inherits = USER.sync_scope("alice", || work().inherit_context());
    let nested = USER.scope("bob", work().in_context(alice()));
    [
        ("in_context", Box::pin(work().in_context(alice()))),
        ("inherit_context", Box::pin(inherits)),
        ("scope", Box::pin(USER.scope("alice", work()))),
        ("scope in scope", Box::pin(both())),
        ("scope in context", Box::pin(both().inherit_context())),
        ("in_context in scope", Box::pin(nested)),
        ("attribute", Box::pin(by_attribute("alice"))),
    ]
}

#[context_vars::with_context(user = user)]
async fn by_attribute(user: &'static str) -> &'static str {
    counting(5).await
}

#[test]
fn polled_by_hand_from_several_threads_in_turn() {
    // case 154
    let threads = [0, 1, 2].map(|_| rayon_pool(1));
    for (thread, user) in threads.iter().zip(["first", "second", "third"]) {
        // Each has another context, which no poll may change.
        thread.install(|| drop(USER.set(user)));
    }
    for (way, mut future) in ways() {
        let mut poll = |thread: &rayon::ThreadPool| {
            thread.install(|| {
                let before = seen();
                let polled = poll_once(future.as_mut());
                assert_eq!(seen(), before, "{way}");
                polled
            })
        };
        let polls: Vec<_> = threads.iter().cycle().take(6).map(&mut poll).collect();
        assert!(polls[..5].iter().all(Poll::is_pending), "{way}");
        assert_eq!(polls[5], Poll::Ready("alice"), "{way}");
    }
}

#[test]
fn dropped_on_another_thread() {
    for polls in 0..2 {
        let witness = Arc::new(Mutex::new(Vec::new()));
        let log = witness.clone();
        let hook = OnDrop(move || log.lock().unwrap().push((USER.get(), COUNT.get())));
        let work = async move {
            let _hook = hook;
            counting(5).await;
        };
        let mut future = Box::pin(work.in_context(alice()));
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        let drops = move || {
            drop(future);
            seen()
        };
        let there = on_a_thread(move || USER.sync_scope("there", drops));
        assert_eq!(there, ("there", true, 0, 1));
        assert_eq!(*witness.lock().unwrap(), [("alice", polls)]);
    }
}

#[test]
fn waker_that_polls_another_task_inline() {
    // case 159
    /// When woken, polls what it holds, on the stack of the caller of `wake`.
    struct Inline(Mutex<Option<Boxed<&'static str>>>, Mutex<Vec<&'static str>>);
    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let mut held = self.0.lock().unwrap();
            let polled = held.as_mut().map(|future| poll_once(future.as_mut()));
            if let Some(Poll::Ready(user)) = polled {
                *held = None;
                self.1.lock().unwrap().push(user);
            }
        }
    }
    let other = async {
        USER.set("other");
        yield_once().await;
        USER.get()
    };
    let held: Boxed<_> = Box::pin(other.in_context(Context::new()));
    let inline = Arc::new(Inline(Mutex::new(Some(held)), Mutex::default()));
    let waker = Waker::from(inline.clone());
    // `yield_once` wakes in the middle of a poll, which is in the middle of a scope.
    let mut own = pin!(USER.scope("own", async {
        for n in 0..2 {
            COUNT.set(n);
            yield_once().await;
            assert_eq!((USER.get(), COUNT.get()), ("own", n));
        }
    }));
    let before = seen();
    let waking = &mut Waking::from_waker(&waker);
    while own.as_mut().poll(waking).is_pending() {
        assert_eq!(seen(), before);
    }
    assert_eq!(*inline.1.lock().unwrap(), ["other"]);
}

#[test]
fn waker_called_inside_a_read_that_drops_what_is_read() {
    /// When woken, drops the context that holds the value.
    struct Dropping(Mutex<Option<Context>>);
    impl Wake for Dropping {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    let alive = Alive::default();
    let mut context = Context::new().with_value(&TRACKED, alive.track());
    let dropping = Arc::new(Dropping(Mutex::new(Some(context.clone()))));
    context.run(|| {
        TRACKED.with(|_| {
            context_vars::detached(|| Waker::from(dropping.clone()).wake());
            assert_eq!(alive.count(), 1);
        });
    });
    drop(context);
    assert_eq!(alive.count(), 0);
}

#[test]
fn executors_run_inside_a_scope_and_the_scope_goes_on() {
    type BlockOn = fn(Boxed<&'static str>) -> &'static str;
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
        ("tokio", |future| one_thread().block_on(future), "alice"),
        ("workers", |future| workers(1).block_on(future), "alice"),
        ("nested local sets", nested_local_set, "between"),
    ];
    for (name, block_on, expected) in executors {
        USER.sync_scope("alice", || {
            let before = seen();
            assert_eq!(block_on(Box::pin(counting(3))), expected, "{name}");
            // The executor's own future is part of the work that blocks.
            let shared = if expected == "alice" { 3 } else { 0 };
            assert_eq!(COUNT.get(), shared, "{name}");
            COUNT.set(0);
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
    let mut future = Box::pin(counting(1).in_context(context));
    let mut snapshot = future.as_mut().run_pinned(|_| Context::current());
    snapshot.run(|| {
        TRACKED.with(|_| {
            drop(future);
            assert_eq!(alive.count(), 1);
        });
    });
    drop(snapshot);
    assert_eq!(alive.count(), 0);
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
