//! R12, R13: what inherits, what does not, and that nothing comes back.

use std::sync::mpsc;

use context_vars::{Context, context_var, inherit, inherit_fn, inherit_with, isolated, prelude::*};

use crate::support::{OnDrop, soon};

context_var! {
    static USER: &str = "anonymous";
    static OTHER: u32;
}

#[test]
fn thread_inherits_where_it_was_spawned_and_gives_nothing_back() {
    // case 164, case 174
    USER.sync_scope("alice", || {
        let (changed, go) = mpsc::channel();
        let worker = context_vars::thread::spawn(move || {
            soon(&go);
            assert_eq!(USER.get(), "alice", "later changes are not seen");
            drop(USER.set("worker"));
            USER.get()
        });
        drop(USER.set("changed"));
        changed.send(()).unwrap();
        assert_eq!(worker.join().unwrap(), "worker");
        assert_eq!(USER.get(), "changed");
    });
}

#[test]
fn copy_replaces_everything_unset_included() {
    let closure = inherit(|| (USER.get(), OTHER.is_set()));
    USER.sync_scope("caller", || {
        OTHER.sync_scope(1, || assert_eq!(closure(), ("anonymous", false)));
    });
}

#[test]
fn closure_is_wrapped_where_wrap_was_called_not_where_it_runs() {
    // case 111, case 112, case 114, case 116, case 117, case 129
    let first = USER.sync_scope("first", || inherit_fn(|()| USER.get()));
    let second = USER.sync_scope("second", || {
        inherit_fn(|()| {
            (
                USER.get(),
                USER.sync_scope("nested", || first(())),
                USER.get(),
            )
        })
    });
    for _ in 0..2 {
        assert_eq!(second(()), ("second", "first", "second"));
        assert_eq!(first(()), "first");
        assert_eq!(USER.get(), "anonymous");
    }
}

#[test]
fn wrappers_keep_arguments_results_and_bounds() {
    // case 119, case 124
    fn is_send_and_static<T: Send + 'static>(f: T) -> T {
        f
    }
    let text = String::from("borrowed");
    assert_eq!(inherit(|| text.as_str())(), "borrowed");
    assert_eq!(is_send_and_static(inherit_with(|n: u32| n + 1))(1), 2);
    let f = is_send_and_static(inherit_fn(|n: &str| n.len()));
    assert_eq!((f("ab"), f("abc")), (2, 3));
}

#[test]
fn each_call_of_inherit_fn_gets_a_fresh_copy_also_at_once() {
    let f = OTHER.sync_scope(1, || {
        inherit_fn(|n: u32| {
            let before = OTHER.get();
            drop(OTHER.set(n));
            (before, OTHER.get())
        })
    });
    std::thread::scope(|threads| {
        for n in 0..4 {
            let f = &f;
            threads.spawn(move || (0..100).for_each(|_| assert_eq!(f(n), (1, n))));
        }
    });
}

#[test]
fn named_thread_of_a_builder_inherits() {
    let named = || std::thread::Builder::new().name("named".into());
    let worker = USER.sync_scope("alice", || named().spawn(inherit(|| USER.get())));
    assert_eq!(worker.unwrap().join().unwrap(), "alice");
    let text = String::from("borrowed");
    std::thread::scope(|threads| {
        let job = USER.sync_scope("alice", || inherit(|| (USER.get(), text.len())));
        let worker = named().spawn_scoped(threads, job).unwrap();
        assert_eq!(worker.join().unwrap(), ("alice", 8));
    });
}

#[test]
fn scoped_thread_with_borrowed_captures_inherits() {
    let mut seen = Vec::new();
    USER.sync_scope("alice", || {
        std::thread::scope(|threads| {
            threads.spawn(inherit(|| seen.push(USER.get())));
        });
    });
    assert_eq!(seen, ["alice"]);
}

#[test]
fn closure_that_panics_restores_its_caller() {
    // case 121, case 122
    let closure = USER.sync_scope("wrapped", || inherit(|| panic!("{}", USER.get())));
    USER.sync_scope("caller", || {
        assert_eq!(crate::support::panic_of(closure), "wrapped");
        assert_eq!(USER.get(), "caller");
    });
}

#[test]
fn closure_that_is_never_called_is_dropped_inside_its_context() {
    let mut seen = "";
    let hook = OnDrop(|| seen = USER.get());
    let closure = USER.sync_scope("alice", || inherit(move || drop(hook)));
    drop(closure);
    assert_eq!(seen, "alice");
}

#[test]
fn closure_for_many_calls_is_dropped_inside_its_context() {
    let mut seen = "";
    let hook = OnDrop(|| seen = USER.get());
    let closure = USER.sync_scope("alice", || {
        inherit_fn(move |()| {
            let _hook = &hook;
            drop(USER.set("set by a call"));
        })
    });
    closure(());
    drop(closure);
    assert_eq!(seen, "alice");
}

#[tokio::test]
async fn spawned_future_inherits_by_inherit_context_only() {
    // case 146, case 239, case 256
    let (inherits, bare) = USER.sync_scope("alice", || {
        (
            tokio::spawn(async { USER.get() }.inherit_context()),
            tokio::spawn(async { USER.is_set() }),
        )
    });
    assert_eq!(inherits.await.unwrap(), "alice");
    assert!(!bare.await.unwrap());
}

#[tokio::test]
async fn block_in_a_blocking_closure_inherits() {
    USER.scope("alice", async {
        let user = tokio::task::spawn_blocking(inherit(|| USER.get())).await;
        assert_eq!(user.unwrap(), "alice");
        let bare = tokio::task::spawn_blocking(|| USER.is_set()).await;
        assert!(!bare.unwrap());
    })
    .await;
}

#[test]
fn isolated_is_empty_and_lets_nothing_out() {
    // case 276, case 279
    USER.sync_scope("alice", || {
        let inside = isolated(|| {
            drop(OTHER.set(1));
            (USER.get(), Context::current().len())
        });
        assert_eq!(inside, ("anonymous", 1));
        assert!(!OTHER.is_set());
        assert_eq!(USER.get(), "alice");
    });
}

#[test]
fn grandchildren_inherit_from_their_parent() {
    // case 254, case 259
    USER.sync_scope("x", || {
        let child = context_vars::thread::spawn(|| {
            let first = context_vars::thread::spawn(|| USER.get()).join().unwrap();
            let second = USER.sync_scope("y", || context_vars::thread::spawn(|| USER.get()));
            (first, second.join().unwrap(), USER.get())
        });
        assert_eq!(child.join().unwrap(), ("x", "y", "x"));
    });
}
