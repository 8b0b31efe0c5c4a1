//! Tasks that take turns: each keeps its own.

use std::sync::Arc;
use std::time::Duration;

use context_vars::{Context, inherit, prelude::*, task, with_context};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::COUNT;
use crate::support::{USER, one_thread, two_workers};

#[test]
fn callback_runs_in_the_context_of_its_registration_and_never_pollutes_the_task() {
    // case 131
    two_workers().block_on(async {
        let parent = async {
            for n in 0..20 {
                let (done, wait) = oneshot::channel();
                COUNT.set(n);
                let callback = inherit(move || {
                    assert_eq!(COUNT.get(), n);
                    COUNT.set(1000);
                    done.send(()).unwrap();
                });
                match n % 3 {
                    0 => drop(std::thread::spawn(callback)),
                    1 => drop(tokio::task::spawn_blocking(callback)),
                    _ => drop(tokio::spawn(async { callback() })),
                }
                wait.await.unwrap();
                assert_eq!(COUNT.get(), n);
                yield_now().await;
                sleep(Duration::from_micros(10)).await;
                assert_eq!(COUNT.get(), n);
            }
        };
        parent.inherit_context().await;
        assert!(!COUNT.is_set());
    });
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

#[with_context(count = level)]
async fn nested(level: u32) {
    yield_now().await;
    assert_eq!(COUNT.get(), level);
    if level < 4 {
        Box::pin(nested(level + 1)).await;
        assert_eq!(COUNT.get(), level);
    } else {
        let there = task::spawn_blocking(|| {
            assert_eq!(COUNT.get(), 4);
            COUNT.set(5);
            COUNT.get()
        });
        assert_eq!(there.await.unwrap(), 5);
    }
    COUNT.set(level + 100);
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
fn task_that_is_woken_from_another_context_keeps_its_own() {
    // case 161: by a notification, a queue and a mutex; the waker keeps its own, too.
    one_thread().block_on(async {
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
        yield_now().await;
        COUNT.sync_scope(100, || baton.notify_one());
        let sends = async {
            sender.send(COUNT.get()).unwrap();
            yield_now().await;
            assert_eq!(COUNT.get(), 200);
        };
        COUNT.scope(200, sends).await;
        COUNT.sync_scope(300, || {
            drop(held);
            assert_eq!(COUNT.get(), 300);
        });
        assert!(!COUNT.is_set(), "the executor's thread is clean between");
        sleeper.await.unwrap();
        assert!(!COUNT.is_set());
    });
}

#[test]
fn thousands_of_tasks_that_scope_yield_and_are_cancelled_end_with_the_outer_value() {
    // case 192
    async fn work(own: u32, begun: Arc<Semaphore>) {
        loop {
            let inner = async {
                begun.add_permits(1);
                yield_now().await;
                assert_eq!(COUNT.get(), own);
            };
            COUNT.scope(own, inner).await;
            assert_eq!(COUNT.get(), 0);
            yield_now().await;
        }
    }
    two_workers().block_on(COUNT.scope(0, async {
        for round in 1..=50_u32 {
            let begun = Arc::new(Semaphore::new(0));
            let spawn = |n| task::spawn(work(round * 1000 + n, begun.clone()));
            let tasks: Vec<_> = (1..=50).map(spawn).collect();
            begun.acquire_many(100).await.unwrap().forget();
            tasks.iter().for_each(tokio::task::JoinHandle::abort);
            for task in tasks {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            assert_eq!(COUNT.get(), 0);
            let bare = tokio::spawn(async { COUNT.is_set() });
            assert!(!bare.await.unwrap(), "a worker was left with a context");
        }
    }));
}
