//! A runtime whose plain `tokio::spawn` inherits; built with `--cfg tokio_unstable` alone.

#![cfg(tokio_unstable)]

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use context_vars::{Context, context_var, isolated, prelude::*, task};
use tokio::runtime::{Builder, LocalOptions, Runtime, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet, block_in_place, yield_now};
use tokio_util::task::TaskTracker;

use crate::support::{Alive, OnDrop, Tracked, on_drop, panic_of};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32 = 0;
    static TRACKED: Tracked;
    static HOOK: crate::support::DropHook;
    #[no_inherit]
    static TRANSACTION: u32;
}

fn two_workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    builder.inherit_context().build().unwrap()
}

fn one_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().inherit_context().build().unwrap()
}

fn both_kinds() -> [Runtime; 2] {
    [two_workers(), one_thread()]
}

fn as_alice<R>(f: impl FnOnce() -> R) -> R {
    USER.sync_scope("alice", f)
}

async fn user() -> &'static str {
    yield_now().await;
    USER.get()
}

/// Blocks until `done`; what a runtime does after a task's result is there takes a moment.
fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::sleep(Duration::from_micros(100));
    }
}

// ---- what inherits ----

#[test]
fn plain_spawn_inherits_and_gives_nothing_back() {
    for runtime in both_kinds() {
        runtime.block_on(USER.scope("alice", async {
            let go = Arc::new(Notify::new());
            let gone = go.clone();
            let task = tokio::spawn(async move {
                gone.notified().await;
                assert_eq!(USER.get(), "alice", "later changes are not seen");
                drop(USER.set("task"));
                drop(COUNT.set(1));
                yield_now().await;
                (USER.get(), COUNT.get())
            });
            drop(USER.set("changed"));
            go.notify_one();
            assert_eq!(task.await.unwrap(), ("task", 1), "kept from poll to poll");
            assert_eq!((USER.get(), COUNT.is_set()), ("changed", false));
        }));
    }
}

#[test]
fn every_way_to_spawn_inherits() {
    for runtime in both_kinds() {
        let handle = runtime.handle().clone();
        runtime.block_on(USER.scope("alice", async move {
            assert_eq!(tokio::spawn(user()).await.unwrap(), "alice");
            assert_eq!(handle.spawn(user()).await.unwrap(), "alice");
            let mut set = JoinSet::new();
            set.spawn(user());
            set.spawn_on(user(), &handle);
            set.spawn_inherited(user());
            assert_eq!(set.join_all().await, ["alice"; 3]);
            // Third-party code that knows nothing of contexts.
            let tracker = TaskTracker::new();
            assert_eq!(tracker.spawn(user()).await.unwrap(), "alice");
            assert_eq!(task::spawn(user()).await.unwrap(), "alice");
            let from_a_thread = context_vars::thread::spawn(move || handle.spawn(user()));
            assert_eq!(from_a_thread.join().unwrap().await.unwrap(), "alice");
        }));
    }
}

#[test]
fn grandchildren_inherit_from_their_parent() {
    for runtime in both_kinds() {
        let names = runtime.block_on(USER.scope("parent", async {
            let child = tokio::spawn(async {
                let first = tokio::spawn(user()).await.unwrap();
                let second = tokio::spawn(USER.scope("scope", async {
                    // At its first poll, which is in the child.
                    tokio::spawn(user()).await.unwrap()
                }));
                drop(USER.set("child"));
                let third = tokio::spawn(user()).await.unwrap();
                (first, second.await.unwrap(), third)
            });
            child.await.unwrap()
        }));
        assert_eq!(names, ("parent", "scope", "child"));
    }
}

#[test]
fn task_may_set_and_the_next_one_sees_nothing() {
    for runtime in both_kinds() {
        runtime.block_on(async {
            for n in 1..100 {
                let set = tokio::spawn(async move {
                    assert!(!COUNT.is_set());
                    drop(COUNT.set(n));
                    yield_now().await;
                    COUNT.get()
                });
                assert_eq!(set.await.unwrap(), n);
            }
        });
    }
}

#[test]
fn what_is_not_inherited_elsewhere_is_not_here() {
    for runtime in both_kinds() {
        let found = runtime.block_on(TRANSACTION.scope(1, async {
            as_alice(|| tokio::spawn(async { (USER.get(), TRANSACTION.is_set()) }))
                .await
                .unwrap()
        }));
        assert_eq!(found, ("alice", false));
    }
}

#[test]
fn local_runtime_inherits() {
    let mut builder = Builder::new_current_thread();
    let runtime = builder
        .inherit_context()
        .build_local(LocalOptions::default());
    runtime.unwrap().block_on(async {
        let not_send = std::rc::Rc::new(());
        let local = as_alice(|| {
            tokio::task::spawn_local(async move {
                let _not_send = not_send;
                drop(COUNT.set(1));
                user().await
            })
        });
        assert_eq!(local.await.unwrap(), "alice");
        assert_eq!(as_alice(|| tokio::spawn(user())).await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    });
}

#[test]
fn where_tokio_has_no_hook_nothing_changes() {
    let runtime = two_workers();
    runtime.block_on(USER.scope("alice", async {
        let bare = tokio::task::spawn_blocking(|| USER.is_set());
        assert!(!bare.await.unwrap());
        let inherits = task::spawn_blocking(|| USER.get());
        assert_eq!(inherits.await.unwrap(), "alice");
        // A task of a local set shares the context of whoever drives the set.
        let set = LocalSet::new();
        let shares = set.run_until(async {
            let bare = USER.sync_scope("spawner", || tokio::task::spawn_local(user()));
            let inherits = USER.sync_scope("spawner", || task::spawn_local(user()));
            (bare.await.unwrap(), inherits.await.unwrap())
        });
        assert_eq!(shares.await, ("alice", "spawner"));
        let refused = tokio::task::spawn_blocking(|| drop(COUNT.set(1)));
        assert!(refused.await.unwrap_err().is_panic());
    }));
}

// ---- what is left out ----

async fn spawn_long_lived() -> (&'static str, u32) {
    let task = tokio::spawn(async {
        drop(COUNT.set(COUNT.get() + 1));
        yield_now().await;
        (USER.get(), COUNT.get())
    });
    task.await.unwrap()
}

#[test]
fn tasks_are_left_out_by_the_place_where_they_are_spawned() {
    let places = Arc::new(Mutex::new(Vec::new()));
    let asked = places.clone();
    let here = Location::caller().line();
    let mut builder = Builder::new_multi_thread();
    let runtime = builder
        .worker_threads(2)
        .inherit_context()
        .except(move |spawned_at| {
            asked.lock().unwrap().push(spawned_at.file());
            spawned_at.line() < here
        })
        .except(|spawned_at| spawned_at.file().contains("tokio-util"))
        .build()
        .unwrap();
    runtime.block_on(USER.scope("alice", async {
        // Its own empty context: it may set, and nobody sees it.
        assert_eq!(spawn_long_lived().await, ("anonymous", 1));
        assert_eq!(spawn_long_lived().await, ("anonymous", 1));
        assert_eq!(tokio::spawn(async { USER.get() }).await.unwrap(), "alice");
        // What names its caller as the place is that caller's; this is one of our functions.
        assert_eq!(task::spawn(user()).await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    }));
    let places = places.lock().unwrap();
    assert_eq!(places[..], [file!(); 4], "our own `spawn` is not the place");
}

// ---- the user's own callbacks ----

#[test]
fn own_callbacks_are_taken_along_and_called_in_context() {
    type Log = Arc<Mutex<Vec<(&'static str, &'static str)>>>;
    let log = Log::default();
    let note = |what: &'static str| {
        let log = log.clone();
        move |_: &tokio::runtime::TaskMeta<'_>| log.lock().unwrap().push((what, USER.get()))
    };
    let mut builder = Builder::new_current_thread();
    let runtime = builder
        .inherit_context()
        .on_task_spawn(note("spawn"))
        .on_before_task_poll(note("before"))
        .on_after_task_poll(note("after"))
        .on_task_terminate(note("end"))
        .build()
        .unwrap();
    let take = || std::mem::take(&mut *log.lock().unwrap());
    let spawn = || {
        as_alice(|| {
            runtime.spawn(async {
                drop(USER.set("first poll"));
                yield_now().await;
                drop(USER.set("second poll"));
            })
        })
    };
    runtime.block_on(spawn()).unwrap();
    assert_eq!(
        take(),
        [
            ("spawn", "alice"),
            ("before", "alice"),
            ("after", "first poll"),
            ("before", "first poll"),
            ("end", "second poll"),
            ("after", "second poll"),
        ]
    );
    // Ended by the shutdown, without a poll.
    let never_polled = spawn();
    drop(runtime);
    assert_eq!(take(), [("spawn", "alice"), ("end", "alice")]);
    drop(never_polled);

    // The builder is left with the callbacks, and with nothing of ours.
    let runtime = builder.build().unwrap();
    let bare = as_alice(|| runtime.spawn(async { USER.is_set() }));
    assert!(!runtime.block_on(bare).unwrap());
    let anonymous = |what| (what, "anonymous");
    assert_eq!(
        take(),
        [
            ("spawn", "alice"),
            anonymous("before"),
            anonymous("end"),
            anonymous("after")
        ]
    );
}

#[test]
fn callbacks_of_blocking_closures_and_unknown_tasks_run_outside() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    let mut builder = Builder::new_current_thread();
    let runtime = builder
        .inherit_context()
        .on_task_terminate(move |_| seen.lock().unwrap().push(USER.get()))
        .build()
        .unwrap();
    runtime.block_on(USER.scope("alice", async {
        for _ in 0..100 {
            tokio::task::spawn_blocking(|| ()).await.unwrap();
        }
    }));
    drop(runtime);
    assert_eq!(*log.lock().unwrap(), ["anonymous"; 100]);
}

#[test]
fn callback_that_panics_leaves_the_context_restored() {
    // On a runtime of one thread the panic comes out of `block_on`.
    for which in ["before", "after", "spawn"] {
        let armed = Arc::new(AtomicBool::new(true));
        let go_off = |here: &'static str| {
            let armed = armed.clone();
            move |_: &tokio::runtime::TaskMeta<'_>| {
                if here == which && armed.swap(false, Ordering::SeqCst) {
                    panic!("{here}");
                }
            }
        };
        let mut builder = Builder::new_current_thread();
        let runtime = builder
            .inherit_context()
            .on_task_spawn(go_off("spawn"))
            .on_before_task_poll(go_off("before"))
            .on_after_task_poll(go_off("after"))
            .build()
            .unwrap();
        USER.sync_scope("outer", || {
            let work = async { as_alice(|| tokio::spawn(user())).await };
            assert_eq!(panic_of(|| runtime.block_on(work)), which);
            assert_eq!((USER.get(), COUNT.is_set()), ("outer", false));
        });
        assert!(!USER.is_set());
        let work = async { as_alice(|| tokio::spawn(user())).await };
        assert_eq!(runtime.block_on(work).unwrap(), "alice", "after {which}");
    }
}

// ---- the end of a task ----

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
            while alive.count() > 0 {
                runtime.block_on(yield_now());
            }
            assert_eq!(
                seen.recv(),
                Ok("alice"),
                "{how}: dropped inside its context"
            );
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
        let seen = seen.recv().unwrap();
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
        let stop = AtomicBool::new(false);
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let (mut context, hook, _seen) = tracked(&alive);
                        let task = context.run(|| handle.spawn(async move { drop(hook) }));
                        drop((context, task));
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(1));
            drop(runtime);
            stop.store(true, Ordering::Relaxed);
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
        assert_eq!(seen.recv(), Ok("anonymous"));
    }
    let after = as_alice(|| runtime.spawn(user()));
    assert_eq!(runtime.block_on(after).unwrap(), "alice");
}

// ---- several threads ----

/// Is pending until another thread wakes it, often while the poll is not over yet.
async fn woken_elsewhere(alarm: &mpsc::Sender<Waker>) {
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if asked {
            return Poll::Ready(());
        }
        asked = true;
        alarm.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}

#[test]
fn thousands_of_tasks_that_change_threads_keep_their_own() {
    let mut builder = Builder::new_multi_thread();
    let dirty = Arc::new(AtomicUsize::new(0));
    let roots = dirty.clone();
    let runtime = builder
        .worker_threads(2)
        .on_thread_park(move || {
            // In the root of a worker, between polls.
            if USER.is_set() || COUNT.is_set() {
                roots.fetch_add(1, Ordering::Relaxed);
            }
        })
        .inherit_context()
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
                drop(TRACKED.set(value));
                for step in n..n + 10 {
                    assert_eq!(COUNT.get(), step);
                    drop(COUNT.set(step + 1));
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
    // Tokio lets go of the task before it calls the callback behind the poll. Here that takes so
    // long that the other worker has taken the task up.
    let first = AtomicBool::new(true);
    let mut builder = Builder::new_multi_thread();
    let runtime = builder
        .worker_threads(2)
        .inherit_context()
        .on_after_task_poll(move |_| {
            if first.swap(false, Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(100));
                drop(COUNT.set(COUNT.get() + 1));
            }
        })
        .build()
        .unwrap();
    let (alarm, wakers) = mpsc::channel::<Waker>();
    let task = as_alice(|| {
        runtime.spawn(async move {
            drop(COUNT.set(1));
            woken_elsewhere(&alarm).await;
            (USER.get(), COUNT.get())
        })
    });
    let waker = wakers.recv().unwrap();
    // The first poll is over, or will be when this wakes the task.
    std::thread::sleep(Duration::from_millis(20));
    waker.wake();
    assert_eq!(runtime.block_on(task).unwrap(), ("alice", 2));
}

// ---- polls in polls ----

#[test]
fn task_that_blocks_in_place_keeps_its_context_and_others_theirs() {
    let runtime = two_workers();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let work = async move {
                drop(USER.set("own"));
                let inside = block_in_place(|| {
                    drop(COUNT.set(COUNT.get() + 1));
                    let handle = tokio::runtime::Handle::current();
                    handle.block_on(async {
                        let child = tokio::spawn(async { (USER.get(), COUNT.get()) });
                        child.await.unwrap()
                    })
                });
                yield_now().await;
                assert_eq!(inside, ("own", n + 1));
                assert_eq!((USER.get(), COUNT.get()), ("own", n + 1));
            };
            COUNT.sync_scope(n, || runtime.spawn(work))
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn runtime_inside_a_task_of_a_runtime() {
    fn nested(depth: u32) -> Vec<u32> {
        let runtime = if depth.is_multiple_of(2) {
            one_thread()
        } else {
            two_workers()
        };
        let inner = COUNT.sync_scope(depth, || {
            runtime.spawn(async move {
                let mut seen = vec![COUNT.get()];
                if depth > 0 {
                    seen.extend(block_anywhere(|| nested(depth - 1)));
                }
                yield_now().await;
                seen.push(COUNT.get());
                seen
            })
        });
        let local = LocalSet::new();
        let driver = async {
            let bare = tokio::task::spawn_local(async { COUNT.is_set() });
            assert_eq!(bare.await.unwrap(), COUNT.is_set());
            inner.await.unwrap()
        };
        let seen = local.block_on(&runtime, driver);
        drop(local);
        runtime.shutdown_background();
        seen
    }
    /// A runtime may not be blocked on inside a task of a runtime of one thread: another thread
    /// does it, with the context.
    fn block_anywhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        let flavor = tokio::runtime::Handle::current().runtime_flavor();
        if flavor == RuntimeFlavor::MultiThread {
            return block_in_place(f);
        }
        let mut context = Context::current();
        std::thread::scope(|threads| threads.spawn(|| context.run(f)).join().unwrap())
    }
    assert_eq!(nested(3), [3, 2, 1, 0, 0, 1, 2, 3]);
    assert!(!COUNT.is_set());
}

#[test]
fn scopes_reads_and_panics_around_and_inside_polls() {
    let runtime = one_thread();
    USER.sync_scope("outer", || {
        USER.with(|outer| {
            let work = async {
                let panicking = tokio::spawn(USER.scope("scope", async {
                    USER.with(|user| {
                        drop(USER.set("set inside the read"));
                        assert_eq!(*user, "scope");
                        panic!("inside a read");
                    })
                }));
                assert!(panicking.await.unwrap_err().is_panic());
                let task = tokio::spawn(async {
                    let inside = USER.with(|user| (*user, isolated(|| USER.get())));
                    drop(USER.set("task"));
                    yield_now().await;
                    (inside, USER.get())
                });
                task.await.unwrap()
            };
            assert_eq!(runtime.block_on(work), (("outer", "anonymous"), "task"));
            assert_eq!(*outer, "outer");
        });
        let text = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async { tokio::spawn(async { panic!() }).await.unwrap() })
        }));
        assert!(text.is_err());
        assert_eq!(USER.get(), "outer");
    });
    assert!(!USER.is_set());
}

#[test]
fn one_builder_builds_two_runtimes_that_inherit() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1);
    let outer = builder.inherit_context().build().unwrap();
    let inner = builder.inherit_context().build().unwrap();
    let work = async move {
        let seen = block_in_place(|| {
            let task = USER.sync_scope("inner", || inner.spawn(user()));
            inner.block_on(task).unwrap()
        });
        block_in_place(|| drop(inner));
        (seen, user().await)
    };
    let task = USER.sync_scope("outer", || outer.spawn(work));
    assert_eq!(outer.block_on(task).unwrap(), ("inner", "outer"));
}

// ---- all of it at once ----

/// Numbers that look random, by splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % end
    }
}

/// What the tasks of the storm share.
struct Storm {
    alarm: mpsc::Sender<Waker>,
    wrong: AtomicUsize,
    alive: Alive,
}

/// Reads, sets and is cut off at random; `count` is what `COUNT` must be, also in the end.
struct Witness(Arc<Storm>, u32);

impl Witness {
    fn check(&self) {
        if (USER.get(), COUNT.get()) != ("alice", self.1) {
            self.0.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn set(&mut self, count: u32) {
        self.1 = count;
        drop(COUNT.set(count));
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.check();
    }
}

type Boxed = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn child_in_the_storm(storm: &Arc<Storm>, seed: u64, depth: u32) -> Boxed {
    Box::pin(in_the_storm(storm.clone(), seed, depth))
}

async fn in_the_storm(storm: Arc<Storm>, seed: u64, depth: u32) {
    let mut random = Random(seed);
    let mut witness = Witness(storm.clone(), COUNT.get());
    let spawn = |seed| tokio::spawn(child_in_the_storm(&storm, seed, depth + 1));
    for _ in 0..random.below(12) {
        witness.check();
        match random.below(10) {
            0..=1 => witness.set(random.below(1 << 20) as u32),
            2 => drop(TRACKED.set(storm.alive.track())),
            3 => yield_now().await,
            4..=5 => woken_elsewhere(&storm.alarm).await,
            6 if depth < 3 => drop(spawn(random.below(1 << 40)).await),
            7 if depth < 3 => {
                let child = spawn(random.below(1 << 40));
                woken_elsewhere(&storm.alarm).await;
                child.abort();
            }
            8 if random.below(8) == 0 => block_in_place(|| witness.check()),
            9 if depth > 0 && random.below(8) == 0 => {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            _ => {}
        }
    }
    if random.below(8) == 0 {
        std::future::pending::<()>().await;
    }
}

#[test]
fn nothing_is_wrong_or_left_in_a_storm_that_a_shutdown_ends() {
    for seed in 0..10 {
        let (alarm, wakers) = mpsc::channel::<Waker>();
        let waking = std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        let storm = Arc::new(Storm {
            alarm,
            wrong: AtomicUsize::new(0),
            alive: Alive::default(),
        });
        let runtime = two_workers();
        let mut tasks: Vec<_> = (0..500)
            .map(|n| {
                let work = in_the_storm(storm.clone(), seed << 32 | n, 0);
                as_alice(|| COUNT.sync_scope(n as u32, || runtime.spawn(work)))
            })
            .collect();
        // Most are through; the others go with the runtime.
        runtime.block_on(async {
            for task in tasks.drain(..400) {
                let _ = tokio::time::timeout(Duration::from_millis(1), task).await;
            }
        });
        let wrong = storm.wrong.load(Ordering::Relaxed);
        assert_eq!(wrong, 0);
        drop(runtime);
        assert_eq!(storm.alive.count(), 0);
        drop((tasks, storm));
        waking.join().unwrap();
    }
}
