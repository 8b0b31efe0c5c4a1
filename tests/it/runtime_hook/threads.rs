//! Tasks on several threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use context_vars::task::InheritingBuilder;
use tokio::runtime::TaskMeta;
use tokio::task::yield_now;

use super::{COUNT, builder, inheriting, taken_up};
use crate::support::{Alive, TRACKED, USER, as_alice, soon, until, woken_by, woken_elsewhere};

#[test]
fn thousands_of_tasks_that_change_threads_keep_their_own() {
    let mut builder = builder(2);
    let dirty = Arc::new(AtomicUsize::new(0));
    let roots = dirty.clone();
    builder.on_thread_park(move || {
        // In the root of a worker, between polls.
        if USER.is_set() || COUNT.is_set() {
            roots.fetch_add(1, Ordering::Relaxed);
        }
    });
    let runtime = InheritingBuilder::new(&mut builder).build().unwrap();
    let alive = Alive::default();
    let moved = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..2_000)
        .map(|n| {
            let (moved, value) = (moved.clone(), alive.track());
            let work = async move {
                let mut last = std::thread::current().id();
                TRACKED.set(value);
                for step in n..n + 10 {
                    assert_eq!(COUNT.get(), step);
                    COUNT.set(step + 1);
                    match step % 3 {
                        0 => yield_now().await,
                        _ => woken_elsewhere().await,
                    }
                    let now = std::thread::current().id();
                    moved.fetch_add(usize::from(now != last), Ordering::Relaxed);
                    last = now;
                }
                assert_eq!(COUNT.get(), n + 10);
            };
            COUNT.sync_scope(n, || runtime.spawn(work))
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    until(|| alive.count() == 0);
    drop(runtime);
    assert!(moved.load(Ordering::Relaxed) > 0);
    assert_eq!(dirty.load(Ordering::Relaxed), 0);
}

#[test]
fn next_poll_waits_for_the_context_that_the_last_one_still_has() {
    // Tokio lets go of the task before it calls the callback behind the poll. Here that ends only
    // when the other worker has taken the task up.
    let first = AtomicBool::new(true);
    let (at_hook, in_hook) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let after_poll = move |_: &TaskMeta<'_>| {
        if first.swap(false, Ordering::SeqCst) {
            at_hook.send(()).unwrap();
            soon(&released.lock().unwrap());
            COUNT.set(COUNT.get() + 1);
        }
    };
    let runtime = inheriting(2, |builder| builder.on_after_task_poll(after_poll));
    let (waker, wakers) = mpsc::channel();
    let work = async move {
        COUNT.set(1);
        woken_by(&waker).await;
        (USER.get(), COUNT.get())
    };
    let task = as_alice(|| runtime.spawn(work));
    soon(&in_hook);
    soon(&wakers).wake();
    taken_up(&runtime);
    release.send(()).unwrap();
    assert_eq!(runtime.block_on(task).unwrap(), ("alice", 2));
}
