//! R15, R16: how work in a context is polled, completed, cancelled and dropped.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use context_vars::{Context, InContext, context_var, prelude::*};

use crate::support::{Alive, OnDrop, Tracked, panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32 = 0;
    static TRACKED: Tracked;
}

fn alice() -> Context {
    Context::new().with_value(&USER, "alice")
}

/// Remembers the user that was current when it was dropped.
fn witness() -> (impl Drop + Send, Arc<Mutex<Option<&'static str>>>) {
    let seen = Arc::new(Mutex::new(None));
    let here = seen.clone();
    (
        OnDrop(move || *here.lock().unwrap() = Some(USER.get())),
        seen,
    )
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
    assert_eq!(
        *seen.lock().unwrap(),
        Some("alice"),
        "before the wrapper is dropped"
    );
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
    assert_eq!(*seen.lock().unwrap(), Some("set by the future"));
}

#[test]
fn never_polled_future_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    drop(async move { drop(hook) }.in_context(alice()));
    assert_eq!(*seen.lock().unwrap(), Some("alice"));
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
    assert_eq!(*seen.lock().unwrap(), Some("alice"));
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
    assert_eq!(*seen.lock().unwrap(), Some("alice"));
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
fn future_that_moves_between_threads_takes_its_context_along() {
    // case 154
    let mut future = Box::pin(
        async {
            for n in 1..=4 {
                drop(COUNT.set(n));
                yield_once().await;
                assert_eq!((COUNT.get(), USER.get()), (n, "alice"));
            }
        }
        .in_context(alice()),
    );
    for _ in 0..4 {
        future = std::thread::spawn(move || {
            assert!(poll_once(future.as_mut()).is_pending());
            assert_eq!((COUNT.get(), USER.get()), (0, "anonymous"));
            future
        })
        .join()
        .unwrap();
    }
    assert!(poll_once(future.as_mut()).is_ready());
}

#[test]
fn waker_called_inside_a_scope_does_not_leak_it_into_what_it_polls() {
    // case 159: a waker that polls another task inline.
    struct Inline(
        Mutex<Pin<Box<dyn Future<Output = &'static str> + Send>>>,
        Mutex<Vec<Poll<&'static str>>>,
    );
    impl std::task::Wake for Inline {
        fn wake(self: Arc<Self>) {
            let polled = poll_once(self.0.lock().unwrap().as_mut());
            self.1.lock().unwrap().push(polled);
        }
    }
    let other = Box::pin(async { USER.get() }.in_context(Context::new()));
    let waker = Arc::new(Inline(Mutex::new(other), Mutex::default()));
    USER.sync_scope("alice", || {
        std::task::Waker::from(waker.clone()).wake();
        assert_eq!(USER.get(), "alice");
    });
    assert_eq!(*waker.1.lock().unwrap(), [Poll::Ready("anonymous")]);
}

#[test]
fn in_context_of_nothing_isolates() {
    USER.sync_scope("alice", || {
        let mut future = pin!(async { USER.is_set() }.in_context(Context::new()));
        assert_eq!(poll_once(future.as_mut()), Poll::Ready(false));
    });
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
