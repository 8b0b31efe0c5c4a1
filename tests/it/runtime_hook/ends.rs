//! The end of a task: nothing is left.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use context_vars::Context;
use context_vars::task::InheritingBuilder;
use tokio::runtime::{Builder, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::{both_kinds, taken_up, two_workers, user};
use crate::support::{Alive, HOOK, OnDrop, TRACKED, USER, as_alice, on_drop, soon, until};

/// A context whose values are counted, and a witness of where a task is dropped.
fn tracked(
    alive: &Alive,
) -> (
    Context,
    impl Drop + Send + 'static,
    mpsc::Receiver<&'static str>,
) {
    let (seen, users) = mpsc::channel();
    let hook = OnDrop(move || {
        let _ = seen.send(USER.get());
    });
    let context = Context::new()
        .with_value(&USER, "alice")
        .with_value(&TRACKED, alive.track());
    (context, hook, users)
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
        for how in [
            "finished",
            "panicked",
            "aborted",
            "aborted at once",
            "detached",
        ] {
            let alive = Alive::default();
            let (mut context, hook, seen) = tracked(&alive);
            let started = Arc::new(Notify::new());
            let starts = started.clone();
            let task = context.run(|| {
                runtime.spawn(async move {
                    let _hook = hook;
                    yield_now().await;
                    starts.notify_one();
                    end(how).await;
                })
            });
            drop(context);
            runtime.block_on(async {
                match how {
                    "aborted" => {
                        started.notified().await;
                        task.abort();
                    }
                    "aborted at once" => task.abort(),
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
            assert_eq!(soon(&seen), "alice", "{how}: dropped inside its context");
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
        let (context, hook, seen) = tracked(&alive);
        let mut tasks = Vec::new();
        let mut hook = Some(hook);
        for n in 0..100 {
            let hook = hook.take();
            let work = async move {
                let _hook = hook;
                if n % 2 == 0 {
                    yield_now().await;
                }
                std::future::pending::<()>().await;
            };
            tasks.push(context.clone().run(|| runtime.spawn(work)));
        }
        drop(context);
        runtime.block_on(async {
            for _ in 0..10 {
                yield_now().await;
            }
        });
        USER.sync_scope("who shuts down", || drop(runtime));
        assert_eq!(alive.count(), 0);
        // Tokio calls no hook before it drops such a task, unless it was being polled.
        let seen = soon(&seen);
        match handle.runtime_flavor() {
            RuntimeFlavor::CurrentThread => assert_eq!(seen, "who shuts down"),
            _ => assert!(
                ["anonymous", "who shuts down", "alice"].contains(&seen),
                "{seen}"
            ),
        }
        // The runtime is closed, but not gone: a task is refused, and nothing kept for it.
        let (mut context, hook, _seen) = tracked(&alive);
        let refused = context.run(|| handle.spawn(async move { drop(hook) }));
        drop(context);
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
                        let (mut context, hook, _seen) = tracked(&alive);
                        let task = context.run(|| handle.spawn(async move { drop(hook) }));
                        drop((context, task));
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
        let mut context = Context::new()
            .with_value(&USER, "alice")
            .with_value(&HOOK, bomb);
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
    let (at_end, ended) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let first = AtomicBool::new(true);
    let mut builder = Builder::new_multi_thread();
    let runtime = InheritingBuilder::new(builder.worker_threads(3))
        .on_after_task_poll(move |_| {
            if first.swap(false, Ordering::SeqCst) {
                at_hook.send(()).unwrap();
                soon(&released.lock().unwrap());
            }
        })
        .on_task_terminate(move |_| at_end.send(()).unwrap())
        .build()
        .unwrap();
    let (give_waker, wakers) = mpsc::channel();
    let _task = as_alice(|| {
        runtime.spawn(std::future::poll_fn(move |cx| {
            let _ = give_waker.send(cx.waker().clone());
            Poll::<()>::Pending
        }))
    });
    // One worker has let the task go, and is in the hook behind its poll.
    soon(&in_hook);
    // A second one takes the task and waits for its context.
    soon(&wakers).wake();
    taken_up(&runtime);
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        let _ = done.send(());
    });
    // The third one ends it.
    soon(&ended);
    release.send(()).unwrap();
    soon(&is_done);
}
