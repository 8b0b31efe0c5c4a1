//! R15, R16: how work in a context is polled, completed, cancelled and dropped.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use context_vars::{Context, InContext, context_var, prelude::*};

use crate::support::{
    Alive, OnDrop, TRACKED, USER, alice, panic_of, poll_once, witness, yield_once,
};

context_var! {
    static COUNT: u32 = 0;
}

#[test]
fn what_a_future_sets_stays_with_it_from_poll_to_poll() {
    let mut future = pin!(
        async {
            drop(COUNT.set(COUNT.get() + 1));
            yield_once().await;
            drop(COUNT.set(COUNT.get() + 1));
            COUNT.get()
        }
        .in_context(Context::new())
    );
    assert!(poll_once(future.as_mut()).is_pending());
    assert_eq!(COUNT.get(), 0);
    assert_eq!(poll_once(future.as_mut()), Poll::Ready(2));
    assert_eq!(COUNT.get(), 0);
}

#[test]
fn finished_future_is_dropped_at_once_and_inside_its_context() {
    let (hook, seen) = witness();
    // Owned by the future itself, not by its body, which ends before.
    struct Finished<D>(#[allow(dead_code)] D);
    impl<D> Future for Finished<D> {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let mut future = Box::pin(Finished(hook).in_context(alice()));
    assert!(poll_once(future.as_mut()).is_ready());
    assert_eq!(seen.users(), ["alice"], "before the wrapper is dropped");
}

#[test]
fn cancelled_future_is_dropped_inside_its_context() {
    // case 194
    let (hook, seen) = witness();
    let mut future = Box::pin(
        async move {
            let _hook = hook;
            drop(USER.set("set by the future"));
            std::future::pending::<()>().await;
        }
        .in_context(alice()),
    );
    assert!(poll_once(future.as_mut()).is_pending());
    USER.sync_scope("where it is dropped", || {
        drop(future);
        assert_eq!(USER.get(), "where it is dropped");
    });
    assert_eq!(seen.users(), ["set by the future"]);
}

#[test]
fn never_polled_future_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    drop(async move { drop(hook) }.in_context(alice()));
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn cancelled_scope_is_dropped_inside_the_scope() {
    let (hook, seen) = witness();
    let mut future = Box::pin(USER.scope("alice", async move {
        let _hook = hook;
        std::future::pending::<()>().await;
    }));
    assert!(poll_once(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn values_go_after_the_future_and_outside() {
    let alive = Alive::default();
    let order = Arc::new(Mutex::new(Vec::new()));
    let context = Context::new().with_value(&TRACKED, alive.track());
    let (count, log) = (alive.clone(), order.clone());
    let hook = OnDrop(move || log.lock().unwrap().push(count.count()));
    drop(async move { drop(hook) }.in_context(context));
    assert_eq!(
        *order.lock().unwrap(),
        [1],
        "the value was alive when the future went"
    );
    assert_eq!(alive.count(), 0);
}

#[test]
fn poll_that_panics_restores_and_the_future_keeps_its_context() {
    let (hook, seen) = witness();
    let mut future = Box::pin(
        async move {
            let _hook = hook;
            drop(COUNT.set(7));
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
fn run_pinned_runs_one_step_inside() {
    let mut work = pin!(async {}.in_context(alice()));
    let user = work.as_mut().run_pinned(|_| {
        let before = USER.get();
        drop(USER.set("bob"));
        before
    });
    assert_eq!((user, USER.get()), ("alice", "anonymous"));
    assert_eq!(work.as_mut().run_pinned(|_| USER.get()), "bob");
    assert_eq!(
        panic_of(|| work.as_mut().run_pinned(|_| panic!("step"))),
        "step"
    );
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn debug_of_wrappers_asks_nothing_of_what_they_wrap() {
    let work: InContext<_> = async {}.in_context(alice());
    assert_eq!(format!("{work:?}"), "InContext { .. }");
    assert_eq!(
        format!("{:?}", USER.scope("alice", async {})),
        "Scope { .. }"
    );
}

#[test]
fn work_in_a_context_shows_that_context_and_not_a_copy_of_its_start() {
    // case 134: asyncio hands the object out. Here the work owns it, and a step in it can look.
    let mut work = pin!(
        async {
            drop(COUNT.set(5));
            yield_once().await
        }
        .in_context(Context::new().with_value(&USER, "alice"))
    );
    assert!(poll_once(work.as_mut()).is_pending());
    let seen = work.as_mut().run_pinned(|_| Context::current());
    assert_eq!(
        (seen.get(&USER), seen.get(&COUNT)),
        (Some(&"alice"), Some(&5))
    );
}

#[test]
fn handler_of_a_failure_reads_what_the_failing_task_has_set() {
    // case 137: by an error, and by a panic, after which the work still has its context.
    let handled = Arc::new(Mutex::new(Vec::new()));
    let log = handled.clone();
    let failing = async {
        drop(USER.set("failing"));
        Err::<(), _>("failed")
    };
    let mut task = pin!(
        async move {
            if failing.await.is_err() {
                log.lock().unwrap().push(USER.get());
            }
        }
        .in_context(Context::new())
    );
    assert!(poll_once(task.as_mut()).is_ready());
    let mut panics = pin!(
        async {
            drop(USER.set("panicking"));
            panic!("unhandled")
        }
        .in_context(Context::new())
    );
    assert_eq!(
        panic_of(|| poll_once::<dyn Future<Output = ()>>(panics.as_mut())),
        "unhandled"
    );
    let seen = panics.as_mut().run_pinned(|_| USER.get());
    handled.lock().unwrap().push(seen);
    assert_eq!(*handled.lock().unwrap(), ["failing", "panicking"]);
    assert_eq!(USER.get(), "anonymous");
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

/// A future that somebody wrote by hand.
struct ByHand {
    polls: u32,
    fails: bool,
}

impl Future for ByHand {
    type Output = Result<&'static str, &'static str>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        assert_eq!(USER.get(), "alice", "poll {}", self.polls);
        self.polls += 1;
        if self.polls < 3 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(if self.fails {
            Err(USER.get())
        } else {
            Ok(USER.get())
        })
    }
}

#[tokio::test]
async fn futures_written_by_hand_and_continuations_run_in_the_right_context() {
    // case 151: in success and in failure.
    for fails in [false, true] {
        let work = USER.scope("alice", async move {
            match (ByHand { polls: 0, fails }).await {
                Ok(seen) | Err(seen) => (seen, USER.get()),
            }
        });
        assert_eq!(work.await, ("alice", "alice"));
        assert_eq!(USER.get(), "anonymous");
    }
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
