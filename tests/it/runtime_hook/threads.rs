//! Tasks on several threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Waker;

use context_vars::task::InheritingBuilder;
use tokio::runtime::Builder;
use tokio::task::yield_now;

use super::{COUNT, taken_up, woken_elsewhere};
use crate::support::{Alive, TRACKED, USER, as_alice, soon, until};

#[test]
fn thousands_of_tasks_that_change_threads_keep_their_own() {
    let mut builder = Builder::new_multi_thread();
    let dirty = Arc::new(AtomicUsize::new(0));
    let roots = dirty.clone();
    let runtime = InheritingBuilder::new(builder.worker_threads(2).on_thread_park(move || {
        // In the root of a worker, between polls.
        if USER.is_set() || COUNT.is_set() {
            roots.fetch_add(1, Ordering::Relaxed);
        }
    }))
    .build()
    .unwrap();
    let (alarm, wakers) = mpsc::channel::<Waker>();
    let waking = std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
    let alive = Alive::default();
    let moved = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..2_000)
        .map(|n| {
            let (alarm, moved, value) = (alarm.clone(), moved.clone(), alive.track());
            let work = async move {
                let mut last = std::thread::current().id();
                TRACKED.set(value);
                for step in n..n + 10 {
                    assert_eq!(COUNT.get(), step);
                    COUNT.set(step + 1);
                    match step % 3 {
                        0 => yield_now().await,
                        _ => woken_elsewhere(&alarm).await,
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
    drop((alarm, runtime));
    waking.join().unwrap();
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
    let mut builder = Builder::new_multi_thread();
    let runtime = InheritingBuilder::new(builder.worker_threads(2))
        .on_after_task_poll(move |_| {
            if first.swap(false, Ordering::SeqCst) {
                at_hook.send(()).unwrap();
                soon(&released.lock().unwrap());
                COUNT.set(COUNT.get() + 1);
            }
        })
        .build()
        .unwrap();
    let (alarm, wakers) = mpsc::channel::<Waker>();
    let task = as_alice(|| {
        runtime.spawn(async move {
            COUNT.set(1);
            woken_elsewhere(&alarm).await;
            (USER.get(), COUNT.get())
        })
    });
    soon(&in_hook);
    soon(&wakers).wake();
    taken_up(&runtime);
    release.send(()).unwrap();
    assert_eq!(runtime.block_on(task).unwrap(), ("alice", 2));
}
