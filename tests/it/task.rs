//! Tokio's tasks that inherit (R12), and what a bare task may not do (R21).

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, Once, mpsc};

use context_vars::{Context, context_var, inherit, isolated, prelude::*, task};
use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinHandle, JoinSet, LocalSet, yield_now};
use tokio_util::task::TaskTracker;

use crate::support::{Alive, OnDrop, Tracked, panic_text};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32 = 0;
    static TRACKED: Tracked;
}

fn as_alice<R>(f: impl FnOnce() -> R) -> R {
    USER.sync_scope("alice", f)
}

async fn user() -> &'static str {
    yield_now().await;
    USER.get()
}

// ---- spawn, spawn_blocking, spawn_local ----

#[tokio::test]
async fn task_inherits_where_it_is_spawned_and_gives_nothing_back() {
    USER.scope("alice", async {
        let go = Arc::new(Notify::new());
        let gone = go.clone();
        let task = task::spawn(async move {
            gone.notified().await;
            assert_eq!(USER.get(), "alice", "later changes are not seen");
            drop(USER.set("task"));
            yield_now().await;
            USER.get()
        });
        drop(USER.set("changed"));
        go.notify_one();
        assert_eq!(task.await.unwrap(), "task");
        assert_eq!(USER.get(), "changed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_tasks_keep_their_own_on_two_threads() {
    let mut tasks = Vec::new();
    for n in 0..1000 {
        tasks.push(COUNT.sync_scope(n, || {
            task::spawn(async move {
                for step in 0..5 {
                    assert_eq!(COUNT.get(), n + step);
                    drop(COUNT.set(n + step + 1));
                    yield_now().await;
                }
            })
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert!(!COUNT.is_set());
}

#[tokio::test]
async fn blocking_closure_inherits_and_gives_nothing_back() {
    USER.scope("alice", async {
        let closure = task::spawn_blocking(|| {
            let before = USER.get();
            drop(USER.set("closure"));
            (before, USER.get())
        });
        assert_eq!(closure.await.unwrap(), ("alice", "closure"));
        assert_eq!(USER.get(), "alice");
    })
    .await;
    // The thread is used again and holds nothing.
    let again = tokio::task::spawn_blocking(|| USER.is_set()).await;
    assert!(!again.unwrap());
}

#[tokio::test]
async fn local_task_inherits() {
    let driver = async {
        let not_send = Rc::new(());
        let task = as_alice(|| {
            task::spawn_local(async move {
                let _not_send = not_send;
                drop(COUNT.set(7));
                user().await
            })
        });
        assert_eq!(task.await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    };
    LocalSet::new().run_until(driver).await;
}

#[test]
fn task_of_a_local_runtime_inherits() {
    let runtime = Builder::new_current_thread()
        .build_local(LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        let task = as_alice(|| task::spawn_local(user()));
        assert_eq!(task.await.unwrap(), "alice");
    });
}

#[test]
fn signatures_are_tokios() {
    /// The same function twice, for a compiler that compares their types.
    fn same<F>(_: F, _: F) {}
    type Work = std::future::Ready<u8>;
    same::<fn(Work) -> JoinHandle<u8>>(task::spawn, tokio::task::spawn);
    same::<fn(Work) -> JoinHandle<u8>>(task::spawn_local, tokio::task::spawn_local);
    same::<fn(fn() -> u8) -> JoinHandle<u8>>(task::spawn_blocking, tokio::task::spawn_blocking);
}

/// The place that the panic of `f` names.
fn panic_place(f: impl FnOnce()) -> &'static Location<'static> {
    thread_local!(static PLACE: Cell<Option<(String, u32)>> = const { Cell::new(None) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| (at.file().to_owned(), at.line()));
            PLACE.set(place);
            before(info);
        }));
    });
    let here = Location::caller();
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
    let (file, _) = PLACE.take().expect("a panic with a place");
    assert_eq!(file, here.file(), "the panic names the caller");
    here
}

#[test]
fn outside_a_runtime_the_panic_names_the_caller() {
    panic_place(|| drop(task::spawn(async {})));
    panic_place(|| drop(task::spawn_blocking(|| ())));
    panic_place(|| drop(task::spawn_local(async {})));
    panic_place(|| drop(JoinSet::new().spawn_inherited(async {})));
    panic_place(|| drop(JoinSet::new().spawn_blocking_inherited(|| ())));
    panic_place(|| drop(JoinSet::new().spawn_local_inherited(async {})));
    panic_place(|| drop(TaskTracker::new().spawn_inherited(async {})));
    panic_place(|| drop(TaskTracker::new().spawn_local_inherited(async {})));
}

// ---- the end of a task ----

/// Remembers the user that is current when it is dropped.
fn witness() -> (impl Drop + Send + Sync, mpsc::Receiver<&'static str>) {
    let (seen, users) = mpsc::channel();
    (OnDrop(move || seen.send(USER.get()).unwrap()), users)
}

#[tokio::test]
async fn task_is_dropped_inside_its_context_however_it_ends() {
    async fn ends(how: &str) {
        match how {
            "finished" => {}
            "panicked" => panic!("on purpose"),
            _ => std::future::pending().await,
        }
    }
    for how in [
        "finished",
        "panicked",
        "aborted",
        "aborted before its first poll",
    ] {
        let alive = Alive::default();
        let (hook, seen) = witness();
        let context = Context::new()
            .with_value(&USER, "alice")
            .with_value(&TRACKED, alive.track());
        let task = context.clone().run(|| {
            task::spawn(async move {
                let _hook = hook;
                yield_now().await;
                ends(how).await;
            })
        });
        if how == "aborted" {
            yield_now().await;
            yield_now().await;
        }
        if how.starts_with("aborted") {
            task.abort();
        }
        assert_eq!(task.await.is_ok(), how == "finished");
        assert_eq!(seen.recv(), Ok("alice"), "{how}");
        assert_eq!(
            alive.count(),
            1,
            "{how}: the values are kept by `context` alone"
        );
        drop(context);
        assert_eq!(alive.count(), 0, "{how}");
    }
}

#[test]
fn task_that_its_runtime_shuts_down_is_dropped_inside_its_context() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let (hook, seen) = witness();
    let _enter = runtime.enter();
    as_alice(|| {
        task::spawn(async move {
            let _hook = hook;
            std::future::pending::<()>().await;
        })
    });
    drop(_enter);
    USER.sync_scope("who shuts down", || drop(runtime));
    assert_eq!(seen.recv(), Ok("alice"));
}

// ---- JoinSet and TaskTracker ----

#[tokio::test]
async fn join_set_inherits_by_each_method() {
    let other = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let local = LocalSet::new();
    let handle = other.handle();
    type Spawn = dyn Fn(&mut JoinSet<&'static str>, &Handle, &LocalSet);
    let ways: [&Spawn; 6] = [
        &|set, _, _| drop(set.spawn_inherited(user())),
        &|set, handle, _| drop(set.spawn_on_inherited(user(), handle)),
        &|set, _, _| drop(set.spawn_blocking_inherited(|| USER.get())),
        &|set, handle, _| drop(set.spawn_blocking_on_inherited(|| USER.get(), handle)),
        &|set, _, _| drop(set.spawn_local_inherited(user())),
        &|set, _, local| drop(set.spawn_local_on_inherited(user(), local)),
    ];
    local
        .run_until(async {
            for (way, spawn) in ways.iter().enumerate() {
                let mut set = JoinSet::new();
                as_alice(|| spawn(&mut set, handle, &local));
                assert_eq!(
                    set.join_next().await.unwrap().unwrap(),
                    "alice",
                    "way {way}"
                );
            }
        })
        .await;
    other.shutdown_background();
}

#[tokio::test]
async fn task_tracker_inherits_by_each_method_and_still_tracks() {
    // What runs on another thread waits here until it was counted.
    static GATE: Mutex<()> = Mutex::new(());
    fn user() -> &'static str {
        drop(GATE.lock());
        USER.get()
    }
    let other = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let local = LocalSet::new();
    let handle = other.handle();
    type Spawn = dyn Fn(&TaskTracker, &Handle, &LocalSet) -> JoinHandle<&'static str>;
    let ways: [&Spawn; 6] = [
        &|tracker, _, _| tracker.spawn_inherited(async { user() }),
        &|tracker, handle, _| tracker.spawn_on_inherited(async { user() }, handle),
        &|tracker, _, _| tracker.spawn_blocking_inherited(user),
        &|tracker, handle, _| tracker.spawn_blocking_on_inherited(user, handle),
        &|tracker, _, _| tracker.spawn_local_inherited(async { user() }),
        &|tracker, _, local| tracker.spawn_local_on_inherited(async { user() }, local),
    ];
    local
        .run_until(async {
            let tracker = TaskTracker::new();
            for (way, spawn) in ways.iter().enumerate() {
                let task = {
                    let _closed = GATE.lock();
                    let task = as_alice(|| spawn(&tracker, handle, &local));
                    assert_eq!(tracker.len(), 1, "way {way}");
                    task
                };
                assert_eq!(task.await.unwrap(), "alice", "way {way}");
            }
            tracker.close();
            tracker.wait().await;
        })
        .await;
    other.shutdown_background();
}

// ---- R21: a bare task may not set in the root of its thread ----

const REFUSED: &str = "`task::COUNT` was set in a bare tokio task, where the next task polled on \
     this thread would see the value; set it in a scope (`#[with_context]`, `scope`), or start \
     the task with `context_vars::task::spawn`";

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, JoinError>) {
    let panic = outcome.expect_err("a panic").into_panic();
    let text = panic_text(&*panic);
    assert!(text.ends_with(&REFUSED["`task".len()..]), "{text}");
}

fn set() {
    drop(COUNT.set(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bare_task_may_not_set_and_the_next_one_sees_nothing() {
    for _ in 0..3 {
        assert_refused(tokio::spawn(async { set() }).await);
        let after_a_poll = async {
            yield_now().await;
            set();
        };
        assert_refused(tokio::spawn(after_a_poll).await);
        assert_refused(tokio::task::spawn_blocking(set).await);
        let mut tasks = JoinSet::new();
        tasks.spawn(async { set() });
        assert_refused(tasks.join_next().await.unwrap());
        assert!(!tokio::spawn(async { COUNT.is_set() }).await.unwrap());
        assert!(
            !tokio::task::spawn_blocking(|| COUNT.is_set())
                .await
                .unwrap()
        );
    }
}

#[test]
fn bare_task_may_not_set_on_a_runtime_of_one_thread() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_refused(tokio::spawn(async { set() }).await);
    });
    let local = LocalSet::new();
    assert_refused(local.block_on(&runtime, async {
        tokio::task::spawn_local(async { set() }).await
    }));
    let runtime = Builder::new_current_thread()
        .build_local(LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        assert_refused(tokio::task::spawn_local(async { set() }).await);
    });
}

#[tokio::test]
async fn bare_blocking_closure_may_not_set_in_a_block_on_of_its_own() {
    let closure = || Handle::current().block_on(async { set() });
    assert_refused(tokio::task::spawn_blocking(closure).await);
}

#[tokio::test]
async fn the_body_of_a_test_may_set() {
    drop(COUNT.set(1));
    yield_now().await;
    assert_eq!(COUNT.get(), 1);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main_that_sets() -> u32 {
    drop(COUNT.set(2));
    yield_now().await;
    COUNT.get()
}

#[test]
fn block_on_outside_of_tasks_may_set() {
    std::thread::spawn(|| {
        assert_eq!(main_that_sets(), 2);
        assert_eq!(COUNT.get(), 2, "it is the thread's own context");
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { drop(COUNT.set(3)) });
        LocalSet::new().block_on(&runtime, async { drop(COUNT.set(4)) });
        assert_eq!(COUNT.get(), 4);
    })
    .join()
    .unwrap();
}

#[tokio::test]
async fn task_with_a_context_of_its_own_may_set() {
    let tasks = [
        task::spawn(async { set() }),
        tokio::spawn(async { set() }.inherit_context()),
        tokio::spawn(async { set() }.in_context(Context::new())),
        tokio::spawn(USER.scope("alice", async { set() })),
        tokio::spawn(async { as_alice(set) }),
        tokio::spawn(async { isolated(set) }),
        tokio::spawn(async { Context::current().run(set) }),
        tokio::spawn(async { inherit(set)() }),
        // A thread is nobody's task.
        tokio::spawn(async { std::thread::spawn(set).join().unwrap() }),
        tokio::spawn(async { std::thread::scope(|s| s.spawn(set).join().unwrap()) }),
        task::spawn_blocking(set),
        tokio::task::spawn_blocking(inherit(set)),
    ];
    for task in tasks {
        task.await.unwrap();
    }
    assert!(!COUNT.is_set());
}

#[tokio::test]
async fn set_of_a_bare_task_that_unwinds_is_let_through() {
    let task = tokio::spawn(async {
        let _hook = OnDrop(set);
        panic!("the first panic");
    });
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*panic), "the first panic");
    // It went to the thread's root, where it does no more harm than before the feature.
    assert!(COUNT.is_set());
}

#[tokio::test]
async fn refusal_names_the_place_of_the_set() {
    let place = Arc::new(Mutex::new(None));
    let found = place.clone();
    let task = tokio::spawn(async move {
        *found.lock().unwrap() = Some(panic_place(|| drop(COUNT.set(1))));
    });
    task.await.unwrap();
    assert!(place.lock().unwrap().is_some());
}

#[tokio::test]
async fn refused_value_is_dropped_and_the_variable_as_it_was() {
    let alive = Alive::default();
    let value = alive.track();
    let task = tokio::spawn(async move { drop(TRACKED.set(value)) });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(alive.count(), 0);
    assert!(!TRACKED.is_set());
}

#[test]
fn wrapped_futures_stay_send_and_static() {
    fn is_send<F: Future + Send + 'static>(_: F) {}
    is_send(user().inherit_context());
    is_send(USER.scope("alice", user()));
    let boxed: Pin<Box<dyn Future<Output = &'static str> + Send>> = Box::pin(user());
    is_send(boxed.inherit_context());
}
