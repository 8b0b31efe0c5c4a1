//! The end of a task: nothing is left.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use context_vars::Context;
use tokio::runtime::{RuntimeFlavor, TaskMeta};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::{both_kinds, inheriting, taken_up, two_workers, user};
use crate::support::{
    Alive, HOOK, OnDrop, TRACKED, USER, alice, as_alice, ended, on_drop, soon, until, witness,
    woken_by,
};

/// A context whose values are counted.
fn tracked(alive: &Alive) -> Context {
    alice().with_value(&TRACKED, alive.track())
}

#[test]
fn nothing_is_left_however_a_task_ends() {
    async fn end(how: &str) {
        match how {
            "finished" => {}
            "panicked" => panic!("on purpose"),
            _ => std::future::pending().await,
        }
    }
    for runtime in both_kinds() {
        for how in ["finished", "panicked", "aborted", "unpolled", "detached"] {
            let alive = Alive::default();
            let (hook, seen) = witness();
            let started = Arc::new(Notify::new());
            let starts = started.clone();
            let work = async move {
                let _hook = hook;
                yield_now().await;
                starts.notify_one();
                end(how).await;
            };
            let task = tracked(&alive).run(|| runtime.spawn(work));
            runtime.block_on(async {
                match how {
                    "aborted" => {
                        started.notified().await;
                        task.abort();
                    }
                    "unpolled" => task.abort(),
                    "detached" => {
                        started.notified().await;
                        return task.abort();
                    }
                    _ => {}
                }
                assert_eq!(task.await.is_ok(), how == "finished");
            });
            // A runtime of one thread goes on only while something blocks on it.
            until(|| {
                runtime.block_on(yield_now());
                alive.count() == 0
            });
            assert_eq!(seen.users(), ["alice"], "{how}: dropped inside its context");
        }
        let after = runtime.block_on(runtime.spawn(async { USER.is_set() }));
        assert!(!after.unwrap());
    }
}

#[test]
fn nothing_is_left_when_the_runtime_is_shut_down() {
    for runtime in both_kinds() {
        let alive = Alive::default();
        let handle = runtime.handle().clone();
        let (hook, seen) = witness();
        let mut hook = Some(hook);
        let mut spawn = |n| {
            let hook = hook.take();
            let work = async move {
                let _hook = hook;
                if n % 2 == 0 {
                    yield_now().await;
                }
                std::future::pending::<()>().await;
            };
            tracked(&alive).run(|| runtime.spawn(work))
        };
        let _tasks: Vec<_> = (0..100).map(&mut spawn).collect();
        runtime.block_on(async {
            for _ in 0..10 {
                yield_now().await;
            }
        });
        USER.sync_scope("who shuts down", || drop(runtime));
        assert_eq!(alive.count(), 0);
        // Tokio calls no hook before it drops such a task, unless it was being polled.
        let possible = match handle.runtime_flavor() {
            RuntimeFlavor::CurrentThread => &["who shuts down"][..],
            _ => &["anonymous", "who shuts down", "alice"],
        };
        assert!(possible.contains(&seen.users()[0]), "{:?}", seen.users());
        // The runtime is closed, but not gone: a task is refused, and nothing kept for it.
        let refused = tracked(&alive).run(|| handle.spawn(user()));
        assert_eq!(alive.count(), 0, "kept for a task that was refused");
        let waited = futures::executor::block_on(refused);
        assert!(waited.unwrap_err().is_cancelled());
    }
}

#[test]
fn nothing_is_left_of_tasks_that_are_spawned_while_the_runtime_shuts_down() {
    for _ in 0..50 {
        let runtime = two_workers();
        let alive = Alive::default();
        let handle = runtime.handle().clone();
        let (stop, spawned) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|threads| {
            let _stop = OnDrop(|| stop.store(true, Ordering::Relaxed)); // also after a panic
            for _ in 0..2 {
                threads.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        drop(tracked(&alive).run(|| handle.spawn(user())));
                        spawned.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            until(|| spawned.load(Ordering::Relaxed) > 10);
            drop(runtime);
        });
        assert_eq!(alive.count(), 0);
    }
}

#[test]
fn values_are_dropped_outside_and_one_that_panics_harms_nobody() {
    let runtime = two_workers();
    let (send, seen) = mpsc::channel();
    for _ in 0..4 {
        let send = send.clone();
        let bomb = on_drop(move || {
            send.send(USER.get()).unwrap();
            panic!("in the drop of a value");
        });
        let mut context = alice().with_value(&HOOK, bomb);
        let (go, gone) = tokio::sync::oneshot::channel();
        let work = async {
            gone.await.unwrap();
            USER.get()
        };
        let task = context.run(|| runtime.spawn(work));
        // The task is the last to have the value.
        drop(context);
        go.send(()).unwrap();
        assert_eq!(runtime.block_on(task).unwrap(), "alice");
        assert_eq!(soon(&seen), "anonymous");
    }
    let after = as_alice(|| runtime.spawn(user()));
    assert_eq!(runtime.block_on(after).unwrap(), "alice");
}

#[test]
fn shutdown_ends_a_task_whose_next_poll_waits_for_the_context() {
    let (at_hook, in_hook) = mpsc::channel();
    let (at_end, at_ends) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let first = AtomicBool::new(true);
    let after_poll = move |_: &TaskMeta<'_>| {
        if first.swap(false, Ordering::SeqCst) {
            at_hook.send(()).unwrap();
            soon(&released.lock().unwrap());
        }
    };
    let runtime = inheriting(3, |builder| {
        let builder = builder.on_after_task_poll(after_poll);
        builder.on_task_terminate(move |_| at_end.send(()).unwrap())
    });
    let (waker, wakers) = mpsc::channel();
    let work = async move {
        woken_by(&waker).await;
        std::future::pending::<()>().await;
    };
    let _task = as_alice(|| runtime.spawn(work));
    // One worker has let the task go, and is in the hook behind its poll.
    soon(&in_hook);
    // A second one takes the task and waits for its context.
    soon(&wakers).wake();
    taken_up(&runtime);
    let shutdown = std::thread::spawn(move || drop(runtime));
    // The third one ends it.
    soon(&at_ends);
    release.send(()).unwrap();
    ended(shutdown);
}
