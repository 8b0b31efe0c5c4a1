//! R21: a task must not set in a context that it did not enter itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use context_vars::{
    Attached, Context, detached, inherit, inherit_context, inherit_fn, prelude::*, task, thread,
};
use tokio::runtime::{Builder, Handle, LocalOptions, Runtime};
use tokio::task::{JoinError, JoinHandle, LocalSet, spawn_local, yield_now};

use super::{COUNT, assert_panic_names_the_caller};
use crate::support::{
    Alive, OnDrop, TRACKED, USER, as_alice, ended, on_a_thread, one_thread, panic_text, workers,
};

const REFUSED: &str = "`task::COUNT` was set in a task that has no context of its own, where the next \
     task polled on this thread would see the value; set it in a scope (`#[with_context]`, \
     `scope`), start the task with `context_vars::task::spawn`, or put `web::ContextLayer` outside \
     of every middleware that sets";

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, JoinError>) {
    let panic = outcome.expect_err("a panic").into_panic();
    let text = panic_text(&*panic);
    assert!(text.ends_with(&REFUSED["`task".len()..]), "{text}");
}

fn set() {
    COUNT.set(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bare_task_may_not_set_and_the_next_one_sees_nothing() {
    for _ in 0..3 {
        assert_refused(tokio::spawn(async { set() }).await);
        assert!(!tokio::spawn(reading()).await.unwrap());
        assert_refused(tokio::task::spawn_blocking(set).await);
        let blocking = tokio::task::spawn_blocking(|| COUNT.is_set());
        assert!(!blocking.await.unwrap());
    }
}

#[tokio::test]
async fn bare_blocking_closure_may_not_set_in_a_block_on_of_its_own() {
    let closure = || Handle::current().block_on(async { set() });
    assert_refused(tokio::task::spawn_blocking(closure).await);
}

#[tokio::test]
async fn the_body_of_a_test_may_set() {
    yield_now().await;
    COUNT.set(1);
    yield_now().await;
    assert_eq!(COUNT.get(), 1);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main_that_sets() -> u32 {
    yield_now().await;
    COUNT.set(2);
    yield_now().await;
    COUNT.get()
}

#[test]
fn block_on_outside_of_tasks_may_set() {
    on_a_thread(|| {
        assert_eq!(main_that_sets(), 2);
        assert_eq!(COUNT.get(), 2, "it is the thread's own context");
        let runtime = one_thread();
        runtime.block_on(async { set() });
        LocalSet::new().block_on(&runtime, async { drop(COUNT.set(3)) });
        as_alice(|| {
            runtime.block_on(async { drop(COUNT.set(4)) });
            assert_eq!(COUNT.get(), 4, "it is the scope's");
        });
        assert_eq!(COUNT.get(), 3);
    });
}

#[tokio::test]
async fn task_with_a_context_of_its_own_may_set() {
    #[inherit_context]
    fn spawn_inheriting() -> JoinHandle<()> {
        tokio::task::spawn_blocking(|| set())
    }
    let tasks = [
        task::spawn(async { set() }),
        tokio::spawn(async { set() }.inherit_context()),
        tokio::spawn(async { set() }.in_context(Context::new())),
        tokio::spawn(USER.scope("alice", async { set() })),
        tokio::spawn(async { as_alice(set) }),
        tokio::spawn(async { detached(set) }),
        tokio::spawn(async { Context::current().run(set) }),
        tokio::spawn(async { inherit(set)() }),
        tokio::spawn(async { inherit_fn(|()| set())(()) }),
        spawn_inheriting(),
        // Dropped in its context before it was finished.
        tokio::spawn(async { drop(OnDrop(set).in_context(Context::new())) }),
        // A thread is not a task.
        tokio::spawn(async { on_a_thread(set) }),
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
async fn value_that_a_bare_task_sets_while_it_unwinds_is_dropped() {
    let alive = Alive::default();
    let value = alive.track();
    let task = tokio::spawn(async move {
        let value = Mutex::new(Some(value));
        let _hook = OnDrop(move || {
            let token = TRACKED.set(value.lock().unwrap().take().unwrap());
            assert!(token.reset().is_err());
        });
        panic!("the first panic");
    });
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*panic), "the first panic");
    assert_eq!(alive.count(), 0);
    assert!(!TRACKED.is_set());
}

/// `true` if a `set` in a task was refused, and `true` if the next task on the thread saw the value.
type Outcome = (bool, bool);

/// Sets, or only reads, and says whether that was refused.
fn is_refused(sets: bool) -> bool {
    sets && catch_unwind(AssertUnwindSafe(set)).is_err()
}

async fn setting(sets: bool) -> bool {
    yield_now().await;
    is_refused(sets)
}

/// The same after two scopes have ended, one of which has ended an attached context.
async fn setting_after_scopes(sets: bool) -> bool {
    as_alice(|| ());
    let refused = is_refused(sets);
    let _guard = as_alice(|| Context::new().attach());
    refused && is_refused(sets)
}

async fn reading() -> bool {
    yield_now().await;
    COUNT.is_set()
}

/// Returns whether `work` was refused, and what a bare task after it sees.
fn on(runtime: &Runtime, work: impl Future<Output = bool>) -> Outcome {
    runtime.block_on(async { (work.await, tokio::spawn(reading()).await.unwrap()) })
}

/// The same of `work` in a task that inherits nothing.
fn in_a_bare_task(work: impl Future<Output = bool> + Send + 'static) -> Outcome {
    on(&one_thread(), async { tokio::spawn(work).await.unwrap() })
}

async fn bare_local_tasks(sets: bool) -> Outcome {
    let refused = spawn_local(setting(sets)).await.unwrap();
    (refused, spawn_local(reading()).await.unwrap())
}

fn in_a_local_set(sets: bool) -> Outcome {
    LocalSet::new().block_on(&one_thread(), bare_local_tasks(sets))
}

fn in_a_local_set_of_a_task_that_inherits(sets: bool) -> Outcome {
    let driven = async move {
        let local = LocalSet::new();
        let driven = local.run_until(bare_local_tasks(sets));
        driven.inherit_context().await
    };
    let task = async { spawn_local(driven).await.unwrap() };
    LocalSet::new().block_on(&one_thread(), task)
}

#[context_vars::with_context(COUNT = 7)]
#[tokio::main(flavor = "current_thread")]
async fn main_in_a_scope(sets: bool) -> Outcome {
    let refused = tokio::spawn(setting(sets)).await.unwrap();
    (refused, tokio::spawn(reading()).await.unwrap())
}

/// Polls `work` once in a task, and to its end in another.
async fn in_two_tasks(work: impl Future<Output = bool> + Send + 'static) -> bool {
    let mut work = Box::pin(work);
    #[allow(clippy::async_yields_async)] // it is to be polled elsewhere
    let begun = tokio::spawn(async move {
        assert!(futures::poll!(&mut work).is_pending());
        work
    });
    tokio::spawn(begun.await.unwrap()).await.unwrap()
}

type Row = (&'static str, fn(bool) -> Outcome);

const REFUSED_ROWS: [Row; 14] = [
    ("bare task", |sets| in_a_bare_task(setting(sets))),
    ("bare task, several threads", |sets| {
        let task = async { tokio::spawn(setting(sets)).await.unwrap() };
        on(&workers(1), task)
    }),
    ("bare local task", in_a_local_set),
    ("bare task after scopes of its own", |sets| {
        in_a_bare_task(setting_after_scopes(sets))
    }),
    ("task after scopes, executor in a scope", |sets| {
        as_alice(|| in_a_bare_task(setting_after_scopes(sets)))
    }),
    ("bare task of a local runtime", |sets| {
        let runtime = Builder::new_current_thread().build_local(LocalOptions::default());
        runtime.unwrap().block_on(bare_local_tasks(sets))
    }),
    ("bare task on a thread that inherits", |sets| {
        ended(thread::spawn(move || in_a_bare_task(setting(sets))))
    }),
    ("thread per core that inherits", |sets| {
        ended(thread::spawn(move || in_a_local_set(sets)))
    }),
    ("executor in a scope", |sets| {
        as_alice(|| in_a_local_set(sets))
    }),
    ("executor in a context", |sets| {
        Context::new().run(|| in_a_local_set(sets))
    }),
    (
        "local set in a task that inherits",
        in_a_local_set_of_a_task_that_inherits,
    ),
    ("bare task under a main in a scope", main_in_a_scope),
    ("executor under an attached context", |sets| {
        let _guard = Context::new().attach();
        in_a_local_set(sets)
    }),
    ("executor in a context above a released one", |sets| {
        let guard = Context::new().attach();
        Context::new().run(|| {
            drop(guard);
            in_a_local_set(sets)
        })
    }),
];

const KEPT_ROWS: [Row; 6] = [
    ("task that inherits", |sets| {
        let task = async { task::spawn(setting(sets)).await.unwrap() };
        on(&one_thread(), task)
    }),
    ("block_in_place in a task that inherits", |sets| {
        let blocking = move || Handle::current().block_on(setting(sets));
        let work = async move { tokio::task::block_in_place(blocking) };
        on(&workers(1), async { task::spawn(work).await.unwrap() })
    }),
    ("future that changes its task", |sets| {
        on(
            &one_thread(),
            in_two_tasks(USER.scope("alice", setting(sets))),
        )
    }),
    ("future that inherits and changes its task", |sets| {
        on(&one_thread(), in_two_tasks(setting(sets).inherit_context()))
    }),
    ("scope inside of a bare task", |sets| {
        in_a_bare_task(async move { USER.scope("alice", setting(sets)).await })
    }),
    ("run and scope of a task above a released context", |sets| {
        in_a_bare_task(async move {
            let set_above = |guard: Attached| {
                drop(guard);
                is_refused(sets)
            };
            let guard = Context::new().attach();
            let in_run = Context::new().run(|| set_above(guard));
            let guard = Context::new().attach();
            in_run || as_alice(|| set_above(guard))
        })
    }),
];

#[test]
fn table_of_who_may_set_where() {
    for (rows, refused) in [(&REFUSED_ROWS[..], true), (&KEPT_ROWS[..], false)] {
        for (what, run) in rows {
            assert_eq!(run(true), (refused, false), "{what}");
            assert_eq!(run(false), (false, false), "{what}, without a set");
        }
    }
}

#[test]
fn bare_task_may_not_reset_what_the_future_of_block_on_has_set() {
    on_a_thread(|| {
        let local = LocalSet::new();
        local.block_on(&one_thread(), async {
            let token = COUNT.set(1);
            let reset = spawn_local(async move { token.reset() });
            let error = reset.await.unwrap().unwrap_err();
            assert_eq!(COUNT.get(), 1);
            error.into_token().reset().unwrap();
            assert!(!COUNT.is_set());
        });
    });
}

#[tokio::test]
async fn refusal_names_the_place_of_the_set() {
    let task = tokio::spawn(async { assert_panic_names_the_caller(set) });
    task.await.unwrap();
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
