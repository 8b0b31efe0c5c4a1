//! R15, R16: how work in a context is polled, completed, cancelled and dropped.

use std::future::ready;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use context_vars::{Context, prelude::*};

use crate::support::{
    Alive, COUNT, DropHook, HOOK, OnDrop, TRACKED, Tracked, USER, alice, on_drop, panic_of,
    poll_once, witness, yield_once,
};

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
    let mut future = pin!(Finished(hook, Some(())).in_context(alice()));
    assert!(poll_once(future.as_mut()).is_ready());
    assert_eq!(seen.users(), ["alice"], "before the wrapper is dropped");
}

#[test]
fn unfinished_future_is_dropped_inside_its_context_and_the_values_after_it() {
    // case 194
    async fn waits(hook: DropHook) {
        let _hook = hook;
        USER.set("set");
        std::future::pending().await
    }
    type Wrap = fn(DropHook, Tracked) -> Pin<Box<dyn Future<Output = ()>>>;
    let in_context: Wrap = |hook, tracked| {
        let context = alice().with_value(&TRACKED, tracked);
        Box::pin(waits(hook).in_context(context))
    };
    let scope: Wrap = |hook, tracked| Box::pin(TRACKED.scope(tracked, waits(hook)));
    for (way, wrap, polls, user) in [
        ("cancelled", in_context, 1, "set"),
        ("never polled", in_context, 0, "alice"),
        ("cancelled scope", scope, 1, "set"),
        ("scope that never formed a context", scope, 0, "outer"),
    ] {
        let (alive, seen) = (Alive::default(), Arc::new(Mutex::new(Vec::new())));
        let (count, log) = (alive.clone(), seen.clone());
        let hook = on_drop(move || log.lock().unwrap().push((USER.get(), count.count())));
        let mut future = wrap(hook, alive.track());
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending(), "{way}");
        }
        USER.sync_scope("outer", || {
            drop(future);
            assert_eq!(USER.get(), "outer", "{way}");
        });
        assert_eq!(*seen.lock().unwrap(), [(user, 1)], "{way}");
        assert_eq!(alive.count(), 0, "{way}");
    }
}

#[test]
fn poll_that_panics_restores_and_the_future_keeps_its_context() {
    // case 137: the handler of a panic reads what the work has set.
    let (hook, seen) = witness();
    let work = async move {
        let _hook = hook;
        COUNT.set(7);
        yield_once().await;
        panic!("in poll");
    };
    let mut work = pin!(work.in_context(alice()));
    assert!(poll_once::<dyn Future<Output = ()>>(work.as_mut()).is_pending());
    USER.sync_scope("poller", || {
        let poll = || poll_once::<dyn Future<Output = ()>>(work.as_mut());
        assert_eq!(panic_of(poll), "in poll");
        assert_eq!((USER.get(), COUNT.get()), ("poller", 0));
    });
    assert_eq!(seen.users(), ["alice"]);
    let handler = work.as_mut().run_pinned(|_| (USER.get(), COUNT.get()));
    assert_eq!(handler, ("alice", 7));
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
    type Work = Finished<DropHook, DropHook>;
    type Wrap = fn(Work) -> Pin<Box<dyn Future<Output = Option<DropHook>>>>;
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
    let context = Context::new().with_value(&HOOK, bomb());
    let mut work = pin!(ready(alive.track()).in_context(context));
    assert_eq!(panic_of(|| poll_once(work.as_mut())), "in drop");
    let mut scope = pin!(HOOK.scope(bomb(), ready(alive.track())));
    assert_eq!(panic_of(|| poll_once(scope.as_mut())), "in drop");
    assert_eq!(alive.count(), 0);
}

#[test]
fn polling_after_completion_panics_in_our_words() {
    // case 42: a closure ends once, and a future that is asked again changes nothing.
    type Work = Pin<Box<dyn Future<Output = ()>>>;
    let context: Work = Box::pin(ready(()).in_context(alice()));
    let scope: Work = Box::pin(USER.scope("alice", ready(())));
    for (what, mut work) in [("context", context), ("scope", scope)] {
        assert!(poll_once(work.as_mut()).is_ready());
        USER.sync_scope("poller", || {
            let text = panic_of(|| poll_once(work.as_mut()));
            let expected = "work in a context was polled after it had completed";
            assert_eq!(text, expected, "{what}");
            assert_eq!(USER.get(), "poller", "{what}");
        });
    }
}

#[test]
fn run_pinned_runs_one_step_in_the_context_of_the_work_and_not_in_a_copy_of_its_start() {
    // case 134: asyncio hands the object out. Here the work owns it, and a step in it can look.
    let work = async {
        COUNT.set(5);
        yield_once().await
    };
    let mut work = pin!(work.in_context(alice()));
    assert!(poll_once(work.as_mut()).is_pending());
    let seen = work.as_mut().run_pinned(|_| {
        USER.set("bob");
        (USER.get(), COUNT.get())
    });
    assert_eq!(seen, ("bob", 5));
    assert_eq!((USER.get(), COUNT.get()), ("anonymous", 0));
    assert_eq!(work.as_mut().run_pinned(|_| USER.get()), "bob");
    let panic = panic_of(|| work.as_mut().run_pinned(|_| panic!("step")));
    assert_eq!((panic.as_str(), USER.get()), ("step", "anonymous"));
    // Nothing is asked of what is wrapped.
    assert_eq!(format!("{work:?}"), "InContext { .. }");
    let scope = USER.scope("alice", async {});
    assert_eq!(format!("{scope:?}"), "Scope { .. }");
}

#[tokio::test]
async fn futures_written_by_hand_and_continuations_run_in_the_right_context() {
    // case 151: in success and in failure.
    for result in [Ok(()), Err(())] {
        let mut results = [Poll::Pending, Poll::Pending, Poll::Ready(result)].into_iter();
        let by_hand = std::future::poll_fn(move |cx| {
            assert_eq!(USER.get(), "alice");
            cx.waker().wake_by_ref();
            results.next().unwrap()
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
    let inner = parent.clone().with_value(&USER, "inner");
    let work = async {
        yield_once().await;
        (USER.get(), COUNT.get())
    };
    let work = work.in_context(inner.with_value(&COUNT, 1));
    assert_eq!(work.await, ("inner", 1));
    assert_eq!(format!("{parent:?}"), r#"{USER: "parent"}"#);
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn each_poll_installs_and_restores_in_pairs_the_last_first() {
    // case 156 and case 157: two wrappers.
    let log = Mutex::new(Vec::new());
    let note = || log.lock().unwrap().push((USER.get(), COUNT.get()));
    let inner = async {
        for _ in 0..3 {
            note();
            yield_once().await;
        }
    };
    let outer = async {
        let mut inner = pin!(COUNT.scope(2, USER.scope("inner", inner)));
        let steps = std::future::poll_fn(|cx| {
            note();
            let polled = inner.as_mut().poll(cx);
            note();
            polled
        });
        steps.await;
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
}

#[test]
fn values_of_the_inner_wrapper_go_first_while_those_of_the_outer_one_are_there() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name| {
        let order = order.clone();
        on_drop(move || order.lock().unwrap().push((name, USER.get())))
    };
    let inner = HOOK.scope(note("inner"), USER.scope("inner", async {}));
    let work = HOOK.scope(note("outer"), USER.scope("outer", inner));
    assert!(poll_once(pin!(work)).is_ready());
    // Each is dropped where it was set, when the scope inside is over.
    let order = order.lock().unwrap();
    assert_eq!(*order, [("inner", "outer"), ("outer", "anonymous")]);
}
