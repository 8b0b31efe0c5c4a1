//! Section F: tasks, interleaving, and who sees what.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use context_vars::{Context, context_var, inherit, prelude::*, task, with_context};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep;

use crate::support::{OnDrop, panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32;
}

fn two_workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn callback_runs_in_the_context_of_its_registration_and_never_pollutes_the_task() {
    // case 131
    two_workers().block_on(async {
        let parent = async {
            for n in 0..20 {
                let (done, wait) = oneshot::channel();
                drop(COUNT.set(n));
                let callback = inherit(move || {
                    assert_eq!(COUNT.get(), n);
                    drop(COUNT.set(1000));
                    done.send(()).unwrap();
                });
                match n % 3 {
                    0 => drop(std::thread::spawn(callback)),
                    1 => drop(tokio::task::spawn_blocking(callback)),
                    _ => drop(tokio::spawn(async { callback() })),
                }
                wait.await.unwrap();
                assert_eq!(COUNT.get(), n);
                tokio::task::yield_now().await;
                sleep(Duration::from_micros(10)).await;
                assert_eq!(COUNT.get(), n);
            }
        };
        parent.inherit_context().await;
        assert!(!COUNT.is_set());
    });
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
fn two_runs_in_one_context_share_it() {
    // case 136
    let runtime = two_workers();
    let mut context = Context::new();
    context.run(|| runtime.block_on(async { drop(USER.set("first run")) }));
    let seen = context.run(|| runtime.block_on(async { USER.get() }));
    assert_eq!((seen, USER.get()), ("first run", "anonymous"));
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

#[with_context(count = level)]
async fn nested(level: u32) {
    tokio::task::yield_now().await;
    assert_eq!(COUNT.get(), level);
    if level < 4 {
        Box::pin(nested(level + 1)).await;
        assert_eq!(COUNT.get(), level);
    } else {
        let there = task::spawn_blocking(|| {
            assert_eq!(COUNT.get(), 4);
            drop(COUNT.set(5));
            COUNT.get()
        });
        assert_eq!(there.await.unwrap(), 5);
    }
    drop(COUNT.set(level + 100));
    sleep(Duration::from_micros(10)).await;
    assert_eq!(COUNT.get(), level + 100);
}

#[test]
fn nested_async_functions_see_their_own_before_and_after_each_await() {
    // case 142: the mirror that .NET keeps by change callbacks has no counterpart.
    two_workers().block_on(async {
        task::spawn(nested(2)).await.unwrap();
        nested(2).await;
        assert!(!COUNT.is_set());
    });
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
        sleep(Duration::from_millis(1)).await;
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

#[tokio::test(start_paused = true)]
async fn overlapping_timers_of_two_variables_do_not_mix() {
    // case 152: leaving one of them inside a callback leaves the other.
    async fn work(user: &'static str, count: u32) {
        for n in 0..5 {
            sleep(Duration::from_micros(200 * u64::from(count))).await;
            assert_eq!((USER.get(), COUNT.get()), (user, count));
            let mut without = Context::current().without(&USER);
            let seen = without.run(|| (USER.get(), COUNT.get()));
            assert_eq!(seen, ("anonymous", count), "step {n}");
        }
    }
    let scoped = |user, count| USER.scope(user, COUNT.scope(count, work(user, count)));
    tokio::join!(scoped("a", 1), scoped("b", 2), scoped("c", 3));
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

#[test]
fn task_that_is_woken_from_another_context_keeps_its_own() {
    // case 161: by a notification, a queue and a mutex; the waker keeps its own, too.
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let baton = Arc::new(Notify::new());
        let mutex = Arc::new(tokio::sync::Mutex::new(()));
        let (sender, mut queue) = mpsc::unbounded_channel();
        let held = mutex.clone().lock_owned().await;
        let (notified, locked) = (baton.clone(), mutex.clone());
        let sleeper = task::spawn(COUNT.scope(2, async move {
            notified.notified().await;
            assert_eq!(COUNT.get(), 2);
            assert_eq!(queue.recv().await, Some(200));
            assert_eq!(COUNT.get(), 2);
            let _lock = locked.lock().await;
            assert_eq!(COUNT.get(), 2);
        }));
        tokio::task::yield_now().await;
        COUNT.sync_scope(100, || baton.notify_one());
        COUNT
            .scope(200, async {
                sender.send(COUNT.get()).unwrap();
                tokio::task::yield_now().await;
                assert_eq!(COUNT.get(), 200);
            })
            .await;
        COUNT.sync_scope(300, || {
            drop(held);
            assert_eq!(COUNT.get(), 300);
        });
        assert!(!COUNT.is_set(), "the executor's thread is clean between");
        sleeper.await.unwrap();
        assert!(!COUNT.is_set());
    });
}
