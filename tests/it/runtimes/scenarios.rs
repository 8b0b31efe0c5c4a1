//! The scenarios: what happens on each runtime.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use context_vars::{Context, prelude::*};

use super::{Runtime, Work};
use crate::support::{Alive, COUNT, LIMIT, TRACKED, USER, alice, witness, yield_once};

/// All that can be seen of the current context.
fn seen() -> String {
    format!("{:?}", Context::current())
}

/// Two tasks set the same variable in turn.
pub(super) async fn set(runtime: Runtime) {
    let counter = |step: u32| async move {
        for n in 1..=50 {
            COUNT.set(COUNT.get() + step);
            yield_once().await;
            assert_eq!(COUNT.get(), n * step);
        }
        seen()
    };
    let tasks = [1, 10].map(|step| runtime.spawn(counter(step).in_context(Context::new())));
    for (task, end) in tasks.into_iter().zip([50, 500]) {
        assert_eq!(task.outcome().await, Some(format!("{{COUNT: {end}}}")));
    }
    assert!(!COUNT.is_set());
}

/// Scopes of scopes in tasks that take turns.
pub(super) async fn scope(runtime: Runtime) {
    let outer = |n: u32| async move {
        let inner = COUNT.scope(n + 1000, async {
            yield_once().await;
            USER.set("inner");
            yield_once().await;
            seen()
        });
        yield_once().await;
        let inside = inner.await;
        yield_once().await;
        format!("{inside} in {}", seen())
    };
    let task = |n| (n, runtime.spawn(COUNT.scope(n, outer(n))));
    for (n, task) in (0..20).map(task).collect::<Vec<_>>() {
        let expected = format!(
            r#"{{COUNT: {}, USER: "inner"}} in {{COUNT: {n}}}"#,
            n + 1000
        );
        assert_eq!(task.outcome().await, Some(expected));
    }
}

/// Many tasks inherit, each something else.
pub(super) async fn inherit(runtime: Runtime) {
    let worker = |n: u32| async move {
        for step in 0..10 {
            assert_eq!(COUNT.get(), n + step);
            COUNT.set(n + step + 1);
            yield_once().await;
        }
        USER.get().to_owned()
    };
    let task = |n: u32| {
        let wrapped = COUNT.sync_scope(n, || worker(n).inherit_context());
        (n, runtime.spawn(wrapped))
    };
    USER.set("main");
    for (n, task) in (0..200).map(task).collect::<Vec<_>>() {
        assert_eq!(task.outcome().await.as_deref(), Some("main"), "task {n}");
    }
    assert!(!COUNT.is_set());
    let bare = runtime.spawn(async { format!("inherits: {}", COUNT.is_set()) });
    assert_eq!(bare.outcome().await.as_deref(), Some("inherits: false"));
}

/// Tasks spawn tasks: a child inherits from where it is spawned, a grandchild from the child.
pub(super) async fn spawn(runtime: Runtime) {
    fn generation(runtime: Runtime, depth: u32) -> Work {
        Box::pin(async move {
            yield_once().await;
            let own = COUNT.get();
            if depth == 0 {
                return own.to_string();
            }
            let inherits = || generation(runtime, depth - 1).inherit_context();
            let task = runtime.spawn(COUNT.sync_scope(10 * own + depth, inherits));
            format!("{own} {}", task.outcome().await.unwrap())
        })
    }
    let root = runtime.spawn(COUNT.scope(7, generation(runtime, 3)));
    assert_eq!(root.outcome().await.as_deref(), Some("7 73 732 7321"));
}

/// The context of a future whose values are counted.
fn tracked(alive: &Alive) -> Context {
    alice().with_value(&TRACKED, alive.track())
}

/// Yields until `done`, since a runtime may be late to drop what was cancelled.
async fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LIMIT, "not done within a minute");
        std::thread::yield_now();
        yield_once().await;
    }
}

/// A poll panics: the others notice nothing.
pub(super) async fn panic_in_poll(runtime: Runtime) {
    for _ in 0..10 {
        let alive = Alive::default();
        let (hook, users) = witness();
        let panicking = async move {
            let _hook = hook;
            yield_once().await;
            USER.set("set before");
            panic!("on purpose")
        };
        let panicking = runtime.spawn(panicking.in_context(tracked(&alive)));
        let other = runtime.spawn(USER.scope("other", async {
            yield_once().await;
            seen()
        }));
        assert_eq!(panicking.outcome().await, None);
        assert_eq!(other.outcome().await.as_deref(), Some(r#"{USER: "other"}"#));
        until(|| alive.count() == 0).await;
        assert_eq!(users.users(), ["set before"]);
        let after = runtime.spawn(async { seen() });
        assert_eq!(after.outcome().await.as_deref(), Some("{}"));
    }
    assert!(!USER.is_set());
}

/// A task is cancelled: it goes inside its context, and its values go.
pub(super) async fn cancel(runtime: Runtime) {
    for polled in [false, true] {
        let alive = Alive::default();
        let (hook, users) = witness();
        let started = Arc::new(Mutex::new(false));
        let starts = started.clone();
        let waiting = async move {
            let _hook = hook;
            *starts.lock().unwrap() = true;
            pending().await
        };
        let task = runtime.spawn(waiting.in_context(tracked(&alive)));
        if polled {
            until(|| *started.lock().unwrap()).await;
        }
        task.cancel().await;
        until(|| alive.count() == 0).await;
        assert_eq!(users.users(), ["alice"], "polled: {polled}");
    }
    assert!(!USER.is_set());
}

/// Everything that a thousand tasks held is gone behind them.
pub(super) async fn dropped(runtime: Runtime) {
    let alive = Alive::default();
    let (hook, users) = witness();
    let mut hook = Some(hook);
    let task = |n| {
        let (tracker, hook) = (alive.track(), hook.take_if(|_| n == 500));
        let work = async move {
            let _token = TRACKED.set(tracker);
            yield_once().await;
            drop(hook);
            String::new()
        };
        runtime.spawn(work.in_context(tracked(&alive)))
    };
    for task in (0..1000).map(task).collect::<Vec<_>>() {
        task.outcome().await.unwrap();
    }
    until(|| alive.count() == 0).await;
    assert_eq!(users.users(), ["alice"]);
}
