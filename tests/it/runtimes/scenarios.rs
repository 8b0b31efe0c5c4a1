//! The scenarios: what happens on each runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use context_vars::{Context, prelude::*};

use super::{COUNT, Runtime, TRACKED, USER};
use crate::support::{Alive, LIMIT, OnDrop, yield_once};

/// Two tasks set the same variable in turn.
pub(super) async fn set<R: Runtime>() {
    let counter = |step: u32| async move {
        for n in 1..=50 {
            COUNT.set(COUNT.get() + step);
            yield_once().await;
            assert_eq!(COUNT.get(), n * step);
        }
    };
    let tasks = [1, 10].map(|step| R::spawn(counter(step).in_context(Context::new())));
    for task in tasks {
        assert!(task.outcome().await.is_some());
    }
    assert!(!COUNT.is_set());
}

/// Scopes of scopes in tasks that take turns.
pub(super) async fn scope<R: Runtime>() {
    let user = |name: String| async move {
        let inner = USER.scope(format!("{name}'s guest"), async {
            yield_once().await;
            COUNT.set(1);
            yield_once().await;
            (USER.get(), COUNT.get())
        });
        yield_once().await;
        let inside = inner.await;
        yield_once().await;
        (inside, (USER.get(), COUNT.get()))
    };
    let names: Vec<_> = (0..20).map(|n| format!("user {n}")).collect();
    let task = |name: &String| R::spawn(USER.scope(name.clone(), user(name.clone())));
    let tasks: Vec<_> = names.iter().map(task).collect();
    for (name, task) in names.into_iter().zip(tasks) {
        let inside = (format!("{name}'s guest"), 1);
        assert_eq!(task.outcome().await, Some((inside, (name, 0))));
    }
}

/// Many tasks inherit, each something else.
pub(super) async fn inherit<R: Runtime>() {
    let worker = |n: u32| async move {
        for step in 0..10 {
            assert_eq!(COUNT.get(), n + step);
            COUNT.set(n + step + 1);
            yield_once().await;
        }
        USER.get()
    };
    let task = |n: u32| {
        let wrapped = COUNT.sync_scope(n, || worker(n).inherit_context());
        (n, R::spawn(wrapped))
    };
    USER.set("main".to_owned());
    for (n, task) in (0..200).map(task).collect::<Vec<_>>() {
        assert_eq!(task.outcome().await, Some("main".to_owned()), "task {n}");
    }
    assert!(!COUNT.is_set());
    let bare = R::spawn(async { COUNT.is_set() });
    assert_eq!(
        bare.outcome().await,
        Some(false),
        "a bare task inherits nothing"
    );
}

/// Tasks spawn tasks: a child inherits from where it is spawned, a grandchild from the child.
pub(super) async fn spawn<R: Runtime>() {
    fn generation<R: Runtime>(depth: u32) -> Pin<Box<dyn Future<Output = Vec<String>> + Send>> {
        Box::pin(async move {
            yield_once().await;
            let mut names = vec![USER.get()];
            if depth > 0 {
                let name = format!("{}.{depth}", USER.get());
                let inherits = || generation::<R>(depth - 1).inherit_context();
                let task = R::spawn(USER.sync_scope(name, inherits));
                names.extend(task.outcome().await.unwrap());
            }
            names
        })
    }
    let root = USER.scope("0".to_owned(), generation::<R>(3));
    let names = R::spawn(root).outcome().await.unwrap();
    assert_eq!(names, ["0", "0.3", "0.3.2", "0.3.2.1"]);
}

/// Notes the user that is current when it is dropped.
fn witness() -> (impl Drop + Send, Arc<Mutex<Vec<String>>>) {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let here = seen.clone();
    (OnDrop(move || here.lock().unwrap().push(USER.get())), seen)
}

/// The context of a future whose values are counted.
fn tracked(alive: &Alive) -> Context {
    Context::new()
        .with_value(&USER, "own".to_owned())
        .with_value(&TRACKED, alive.track())
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
pub(super) async fn panic_in_poll<R: Runtime>() {
    for _ in 0..10 {
        let alive = Alive::default();
        let (hook, seen) = witness();
        let panicking = async move {
            let _hook = hook;
            yield_once().await;
            USER.set("set before".to_owned());
            panic!("on purpose");
        };
        let panicking = R::spawn(panicking.in_context(tracked(&alive)));
        let other = R::spawn(USER.scope("other".to_owned(), async {
            yield_once().await;
            USER.get()
        }));
        assert_eq!(panicking.outcome().await, None::<()>);
        assert_eq!(other.outcome().await.as_deref(), Some("other"));
        until(|| alive.count() == 0).await;
        assert_eq!(*seen.lock().unwrap(), ["set before"]);
        let after = R::spawn(async { USER.is_set() });
        assert_eq!(after.outcome().await, Some(false));
    }
    assert!(!USER.is_set());
}

/// A task is cancelled: it goes inside its context, and its values go.
pub(super) async fn cancel<R: Runtime>() {
    for polled in [false, true] {
        let alive = Alive::default();
        let (hook, seen) = witness();
        let started = Arc::new(Mutex::new(false));
        let starts = started.clone();
        let waiting = async move {
            let _hook = hook;
            *starts.lock().unwrap() = true;
            std::future::pending::<()>().await;
        };
        let task = R::spawn(waiting.in_context(tracked(&alive)));
        if polled {
            until(|| *started.lock().unwrap()).await;
        }
        task.cancel().await;
        until(|| alive.count() == 0).await;
        assert_eq!(*seen.lock().unwrap(), ["own"], "polled: {polled}");
    }
    assert!(!USER.is_set());
}

/// Everything that a thousand tasks held is gone behind them.
pub(super) async fn dropped<R: Runtime>() {
    let alive = Alive::default();
    let (hook, seen) = witness();
    let hook = Arc::new(Mutex::new(Some(hook)));
    let work = |n: usize| {
        let hook = hook.clone();
        let tracked = alive.track();
        async move {
            let _token = TRACKED.set(tracked);
            yield_once().await;
            if n == 500 {
                drop(hook.lock().unwrap().take());
            }
        }
    };
    let task = |n| R::spawn(work(n).in_context(tracked(&alive)));
    let tasks: Vec<_> = (0..1000).map(task).collect();
    for task in tasks {
        task.outcome().await.unwrap();
    }
    until(|| alive.count() == 0).await;
    assert_eq!(*seen.lock().unwrap(), ["own"]);
}
