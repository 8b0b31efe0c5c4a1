//! An error reporter with a stack of scopes, like sentry's hub.
//!
//! A scope is changed in place, because `configure_scope` has no closure in which a changed copy could be
//! current, and a bare `set` would be refused in a bare task. So the variable holds a scope that is
//! locked while it changes, and everything that should have its own scope is given a copy of it.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use context_vars::{Attached, Context, context_var, inherit, prelude::*};
use futures::future::try_join_all;
use tokio::task::yield_now;

type Tags = BTreeMap<&'static str, &'static str>;

#[derive(Default)]
struct Hub(Mutex<Tags>);

context_var! {
    /// Its default is the hub of the whole process.
    static HUB: Arc<Hub> = Arc::default();
}

impl Hub {
    /// Returns a hub with the tags of the current one, which are then independent.
    fn fork() -> Arc<Self> {
        Arc::new(Self(Mutex::new(event())))
    }
}

/// Opens a scope, which ends when the guard is dropped.
fn push_scope() -> Attached {
    let context = Context::current().with_value(&HUB, Hub::fork());
    context.attach()
}

fn with_scope<R>(configure: impl FnOnce(&mut Tags), f: impl FnOnce() -> R) -> R {
    HUB.sync_scope(Hub::fork(), || {
        configure_scope(configure);
        f()
    })
}

fn configure_scope(configure: impl FnOnce(&mut Tags)) {
    // `configure` changes a copy, so that it may report without waiting for its own lock. Of two
    // threads that configure one hub at the same time the later one wins.
    let hub = HUB.get();
    let mut tags = event();
    configure(&mut tags);
    *hub.0.lock().unwrap_or_else(PoisonError::into_inner) = tags;
}

/// Gives a task a separate hub.
fn bind_hub<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let context = Context::current().with_value(&HUB, Hub::fork());
    future.in_context(context)
}

/// Returns what would be reported now.
fn event() -> Tags {
    HUB.with(|hub| {
        let tags = hub.0.lock().unwrap_or_else(PoisonError::into_inner);
        tags.clone()
    })
}

fn tag(name: &'static str, value: &'static str) {
    configure_scope(|tags| tags.extend([(name, value)]));
}

/// Returns the tags of an event as text.
fn tags() -> String {
    let tags = event().into_iter();
    let tags: Vec<_> = tags.map(|(k, v)| format!("{k}={v}")).collect();
    tags.join(" ")
}

#[test]
fn scope_lasts_until_its_guard_is_dropped() {
    let _outer = push_scope();
    tag("app", "shop");
    {
        let _inner = push_scope();
        tag("user", "alice");
        assert_eq!(tags(), "app=shop user=alice");
    }
    assert_eq!(tags(), "app=shop");
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    let first = push_scope();
    tag("first", "1");
    let second = push_scope();
    tag("second", "2");
    drop(first);
    assert_eq!(tags(), "first=1 second=2");
    drop(second);
    assert_eq!(tags(), "");
}

#[test]
fn closure_has_a_scope_that_ends_also_by_a_panic() {
    let _scope = push_scope();
    tag("app", "shop");
    let configure = |tags: &mut Tags| {
        assert_eq!(event().len(), 1, "it may report");
        tags.insert("user", "alice");
    };
    let mut late = None;
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        with_scope(configure, || {
            late = Some(push_scope());
            tag("step", "2");
            std::panic::panic_any(tags());
        })
    }));
    let text = *outcome.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(text, "app=shop step=2 user=alice");
    assert_eq!(tags(), "app=shop");
    drop(late);
    assert_eq!(tags(), "app=shop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_task_has_a_hub_of_its_own() {
    let request = |user| async move {
        tag("user", user);
        for _ in 0..50 {
            yield_now().await;
            assert_eq!(event().get("user"), Some(&user));
        }
        // A thread that inherits reports for the same user, and to the same hub.
        let thread = std::thread::spawn(inherit(|| tag("thread", "blocking")));
        thread.join().unwrap();
        tags()
    };
    let tasks = ["alice", "bob", "carol"].map(|user| tokio::spawn(bind_hub(request(user))));
    let reports = try_join_all(tasks).await.unwrap();
    let expected = ["alice", "bob", "carol"].map(|user| format!("thread=blocking user={user}"));
    assert_eq!(reports, expected);
}

#[tokio::test]
async fn bare_task_may_open_scopes_and_leaves_nothing_to_the_next_one() {
    let bare = async {
        let _scope = push_scope();
        tag("user", "alice");
        with_scope(|tags| tags.extend([("step", "2")]), tags)
    };
    assert_eq!(tokio::spawn(bare).await.unwrap(), "step=2 user=alice");
    assert_eq!(tokio::spawn(async { tags() }).await.unwrap(), "");
}

#[tokio::test]
async fn guard_over_an_await_ends_with_the_poll_in_a_task_that_has_a_hub() {
    let held = async {
        let _scope = push_scope();
        tag("user", "alice");
        yield_now().await;
        tags()
    };
    let other = async { tags() };
    let (held, other) = tokio::join!(bind_hub(held), bind_hub(other));
    assert_eq!((held.as_str(), other.as_str()), ("", ""));
}
