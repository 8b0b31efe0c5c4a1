//! R15, R16: how work in a context is polled, completed, cancelled and dropped.

use std::future::ready;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use context_vars::{Context, context_var, prelude::*};

use crate::support::{
    Alive, COUNT, DropHook, OnDrop, TRACKED, USER, alice, on_drop, panic_of, poll_once, witness,
    yield_once,
};

context_var! {
    static BOMB: DropHook;
}

/// Ready at once. The future itself owns the first field, and not its body, which ends before.
struct Finished<D, O>(#[allow(dead_code)] D, Option<O>);

impl<D: Unpin, O: Unpin> Future for Finished<D, O> {
    type Output = Option<O>;

    fn poll(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Option<O>> {
        Poll::Ready(self.1.take())
    }
}

#[test]
fn finished_future_is_dropped_at_once_and_inside_its_context() {
    let (hook, seen) = witness();
    let mut future = Box::pin(Finished(hook, Some(())).in_context(alice()));
    assert!(poll_once(future.as_mut()).is_ready());
    assert_eq!(seen.users(), ["alice"], "before the wrapper is dropped");
}

#[test]
fn unfinished_future_is_dropped_inside_its_context() {
    // case 194
    async fn waits(hook: DropHook, sets: &'static str) {
        let _hook = hook;
        USER.set(sets);
        std::future::pending().await
    }
    type Wrap = fn(DropHook) -> Pin<Box<dyn Future<Output = ()>>>;
    let ways: [(&str, bool, Wrap, &str); 3] = [
        (
            "cancelled",
            true,
            |hook| Box::pin(waits(hook, "set").in_context(alice())),
            "set",
        ),
        (
            "cancelled scope",
            true,
            |hook| Box::pin(USER.scope("alice", waits(hook, "set"))),
            "set",
        ),
        (
            "never polled",
            false,
            |hook| Box::pin(waits(hook, "").in_context(alice())),
            "alice",
        ),
    ];
    for (way, polled, wrap, user) in ways {
        let (hook, seen) = witness();
        let mut future = wrap(hook);
        assert!(!polled || poll_once(future.as_mut()).is_pending(), "{way}");
        USER.sync_scope("where it is dropped", || {
            drop(future);
            assert_eq!(USER.get(), "where it is dropped", "{way}");
        });
        assert_eq!(seen.users(), [user], "{way}");
    }
}

#[test]
fn values_go_after_the_future_and_outside() {
    type Hook = OnDrop<Box<dyn FnMut()>>;
    type Wrap = fn(Hook, &Alive) -> Pin<Box<dyn Future<Output = ()>>>;
    async fn waits(_hook: Hook) {
        std::future::pending().await
    }
    let ways: [(&str, bool, Wrap); 4] = [
        ("never polled", false, |hook, alive| {
            let context = Context::new().with_value(&TRACKED, alive.track());
            Box::pin(waits(hook).in_context(context))
        }),
        ("cancelled", true, |hook, alive| {
            let context = Context::new().with_value(&TRACKED, alive.track());
            Box::pin(waits(hook).in_context(context))
        }),
        ("scope that was never polled", false, |hook, alive| {
            Box::pin(TRACKED.scope(alive.track(), waits(hook)))
        }),
        ("cancelled scope", true, |hook, alive| {
            Box::pin(TRACKED.scope(alive.track(), waits(hook)))
        }),
    ];
    for (way, polled, wrap) in ways {
        let alive = Alive::default();
        let when_dropped = Arc::new(Mutex::new(Vec::new()));
        let (count, log) = (alive.clone(), when_dropped.clone());
        let hook = OnDrop(Box::new(move || log.lock().unwrap().push(count.count())) as Box<_>);
        let mut future = wrap(hook, &alive);
        assert!(!polled || poll_once(future.as_mut()).is_pending(), "{way}");
        drop(future);
        let alive_then = when_dropped.lock().unwrap().clone();
        assert_eq!((alive_then, alive.count()), (vec![1], 0), "{way}");
    }
}

#[test]
fn poll_that_panics_restores_and_the_future_keeps_its_context() {
    let (hook, seen) = witness();
    let mut future = Box::pin(
        async move {
            let _hook = hook;
            COUNT.set(7);
            yield_once().await;
            panic!("in poll");
        }
        .in_context(alice()),
    );
    assert!(poll_once(future.as_mut()).is_pending());
    USER.sync_scope("poller", || {
        assert_eq!(panic_of(|| poll_once(future.as_mut())), "in poll");
        assert_eq!((USER.get(), COUNT.get()), ("poller", 0));
    });
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn future_whose_drop_panics_leaves_the_context_restored() {
    let alive = Alive::default();
    let context = alice().with_value(&TRACKED, alive.track());
    let bomb = OnDrop(|| panic!("in drop"));
    let future = async move { drop(bomb) }.in_context(context);
    USER.sync_scope("outer", || {
        assert_eq!(panic_of(|| drop(future)), "in drop");
        assert_eq!(USER.get(), "outer");
    });
    assert_eq!(alive.count(), 0);
}

#[test]
fn finished_future_whose_drop_panics_is_dropped_once_and_its_output_inside_its_context() {
    type Future = Pin<Box<dyn std::future::Future<Output = Option<DropHook>>>>;
    type Wrap = fn(Finished<DropHook, DropHook>) -> Future;
    let ways: [Wrap; 2] = [
        |work| Box::pin(work.in_context(alice())),
        |work| Box::pin(USER.scope("alice", work)),
    ];
    for wrap in ways {
        let drops = Arc::new(AtomicUsize::new(0));
        let dropped = drops.clone();
        let bomb = on_drop(move || {
            dropped.fetch_add(1, Ordering::SeqCst);
            panic!("in drop");
        });
        let (output, seen) = witness();
        let mut future = wrap(Finished(bomb, Some(output)));
        assert_eq!(panic_of(|| poll_once(future.as_mut())), "in drop");
        drop(future);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert_eq!(seen.users(), ["alice"]);
    }
}

#[test]
fn output_is_dropped_although_the_drop_of_a_value_of_the_context_panics() {
    let alive = Alive::default();
    let bomb = || on_drop(|| panic!("in drop"));
    let context = Context::new().with_value(&BOMB, bomb());
    let mut work = pin!(ready(alive.track()).in_context(context));
    assert_eq!(panic_of(|| poll_once(work.as_mut())), "in drop");
    let mut scope = pin!(BOMB.scope(bomb(), ready(alive.track())));
    assert_eq!(panic_of(|| poll_once(scope.as_mut())), "in drop");
    assert_eq!(alive.count(), 0);
}

#[test]
fn polling_after_completion_panics_in_our_words() {
    let mut future = pin!(std::future::ready(()).in_context(alice()));
    assert!(poll_once(future.as_mut()).is_ready());
    let text = panic_of(|| poll_once(future.as_mut()));
    assert_eq!(text, "work in a context was polled after it had completed");
    let mut scope = pin!(USER.scope("alice", std::future::ready(())));
    assert!(poll_once(scope.as_mut()).is_ready());
    assert!(panic_of(|| poll_once(scope.as_mut())).contains("after it had completed"));
}

#[test]
fn run_pinned_runs_one_step_in_the_context_of_the_work_and_not_in_a_copy_of_its_start() {
    let mut work = pin!(
        async {
            COUNT.set(5);
            yield_once().await
        }
        .in_context(alice())
    );
    // case 134: asyncio hands the object out. Here the work owns it, and a step in it can look.
    assert!(poll_once(work.as_mut()).is_pending());
    let seen = work.as_mut().run_pinned(|_| {
        USER.set("bob");
        Context::current()
    });
    assert_eq!(
        (seen.get(&USER), seen.get(&COUNT)),
        (Some(&"bob"), Some(&5))
    );
    assert_eq!((USER.get(), COUNT.get()), ("anonymous", 0));
    assert_eq!(work.as_mut().run_pinned(|_| USER.get()), "bob");
    assert_eq!(
        panic_of(|| work.as_mut().run_pinned(|_| panic!("step"))),
        "step"
    );
    assert_eq!(USER.get(), "anonymous");
    // Nothing is asked of what is wrapped.
    assert_eq!(format!("{work:?}"), "InContext { .. }");
    let scope = USER.scope("alice", async {});
    assert_eq!(format!("{scope:?}"), "Scope { .. }");
}

#[test]
fn handler_of_a_failure_reads_what_the_failing_task_has_set() {
    // case 137: by an error, and by a panic, after which the work still has its context.
    let failing = async {
        USER.set("failing");
        Err::<(), _>("failed")
    };
    let handles = async move { failing.await.map_err(|_| USER.get()) };
    let mut handles = pin!(handles.in_context(Context::new()));
    assert_eq!(poll_once(handles.as_mut()), Poll::Ready(Err("failing")));
    let panics = async {
        USER.set("panicking");
        panic!("unhandled")
    };
    let mut panics = pin!(panics.in_context(Context::new()));
    let poll = || poll_once::<dyn Future<Output = ()>>(panics.as_mut());
    assert_eq!(panic_of(poll), "unhandled");
    assert_eq!(panics.as_mut().run_pinned(|_| USER.get()), "panicking");
    assert_eq!(USER.get(), "anonymous");
}

#[tokio::test]
async fn futures_written_by_hand_and_continuations_run_in_the_right_context() {
    // case 151: in success and in failure.
    for result in [Ok(()), Err(())] {
        let mut polls = 0;
        let by_hand = std::future::poll_fn(move |cx| {
            assert_eq!(USER.get(), "alice", "poll {polls}");
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 3 {
                Poll::Pending
            } else {
                Poll::Ready(result)
            }
        });
        let work = USER.scope("alice", async move { (by_hand.await, USER.get()) });
        assert_eq!(work.await, (result, "alice"));
        assert_eq!(USER.get(), "anonymous");
    }
}

#[tokio::test]
async fn future_with_a_context_overrides_one_value_and_adds_one() {
    // case 149
    let parent = Context::new().with_value(&USER, "parent");
    let inner = parent
        .clone()
        .with_value(&USER, "inner")
        .with_value(&COUNT, 1);
    let work = async {
        yield_once().await;
        (USER.get(), COUNT.get())
    };
    assert_eq!(work.in_context(inner).await, ("inner", 1));
    assert_eq!(
        (parent.get(&USER), parent.get(&COUNT)),
        (Some(&"parent"), None)
    );
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn each_poll_installs_and_restores_in_pairs_the_last_first() {
    // case 156 and case 157: two wrappers; what is dropped on the way out tells the order.
    let log = Arc::new(Mutex::new(Vec::new()));
    let step = log.clone();
    let inner = async move {
        for _ in 0..3 {
            step.lock().unwrap().push((USER.get(), COUNT.get()));
            yield_once().await;
        }
    };
    let outer_log = log.clone();
    let outer = async move {
        let mut inner = pin!(COUNT.scope(2, USER.scope("inner", inner)));
        std::future::poll_fn(|cx| {
            outer_log.lock().unwrap().push((USER.get(), COUNT.get()));
            let polled = inner.as_mut().poll(cx);
            outer_log.lock().unwrap().push((USER.get(), COUNT.get()));
            polled
        })
        .await;
    };
    let mut outer = pin!(USER.scope("outer", COUNT.scope(1, outer)));
    for poll in 0..4 {
        assert_eq!(poll_once(outer.as_mut()).is_ready(), poll == 3);
        assert_eq!((USER.get(), COUNT.is_set()), ("anonymous", false));
    }
    let pair = [("outer", 1), ("inner", 2), ("outer", 1)];
    let last = [("outer", 1), ("outer", 1)];
    let expected = [pair.as_slice(), &pair, &pair, &last].concat();
    assert_eq!(*log.lock().unwrap(), expected);

    // The values of the inner wrapper go first, while the outer one's are there.
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name| {
        let order = order.clone();
        OnDrop(move || order.lock().unwrap().push((name, USER.get())))
    };
    let (first, second) = (note("inner"), note("outer"));
    let work = USER.scope("outer", async move {
        let _second = second;
        USER.scope("inner", async move { drop(first) }).await;
    });
    assert!(poll_once(pin!(work)).is_ready());
    assert_eq!(
        *order.lock().unwrap(),
        [("inner", "inner"), ("outer", "outer")]
    );
}
