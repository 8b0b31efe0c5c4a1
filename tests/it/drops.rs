//! R19: when and where values are dropped, and what their `Drop` may do.

use std::pin::pin;
use std::sync::{Arc, Mutex};

use context_vars::{Context, context_var, isolated, prelude::*};

use crate::support::{Alive, DropHook, Tracked, on_drop, panic_of, poll_once};

context_var! {
    static USER: &str = "anonymous";
    static TRACKED: Tracked;
    static HOOK: DropHook;
    static SECOND: DropHook;
    static LOG: Vec<&'static str> = Vec::new();
    #[no_inherit]
    static LOCAL_HOOK: DropHook;
}

/// A value that remembers in what context it was dropped.
fn witness() -> (DropHook, Arc<Mutex<Vec<&'static str>>>) {
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let here = seen.clone();
    (on_drop(move || here.lock().unwrap().push(USER.get())), seen)
}

#[test]
fn value_goes_with_the_last_context_that_holds_it() {
    // case 239, case 241, case 242, case 246, case 247
    let alive = Alive::default();
    let snapshot = TRACKED.sync_scope(alive.track(), || {
        let snapshot = Context::current();
        let copy = snapshot.clone();
        assert_eq!(alive.count(), 1);
        drop(snapshot);
        copy
    });
    assert_eq!(alive.count(), 1);
    let work = std::future::pending::<()>().in_context(snapshot);
    assert_eq!(alive.count(), 1);
    drop(work);
    assert_eq!(alive.count(), 0);
}

#[test]
fn displaced_value_goes_at_once_if_no_copy_holds_it() {
    let alive = Alive::default();
    isolated(|| {
        drop(TRACKED.set(alive.track()));
        drop(TRACKED.set(alive.track()));
        assert_eq!(alive.count(), 1);
        let snapshot = Context::current();
        drop(TRACKED.set(alive.track()));
        assert_eq!(alive.count(), 2);
        drop(snapshot);
        assert_eq!(alive.count(), 1);
    });
    assert_eq!(alive.count(), 0);
}

#[test]
fn drop_runs_after_the_leave_in_the_outer_context() {
    let (hook, seen) = witness();
    USER.sync_scope("outer", || {
        HOOK.sync_scope(hook, || drop(USER.set("inner")));
    });
    assert_eq!(*seen.lock().unwrap(), ["outer"]);
}

#[test]
fn drop_of_a_futures_value_runs_outside_when_it_is_done_and_when_it_is_cancelled() {
    for done in [true, false] {
        let (hook, seen) = witness();
        let body = async move {
            drop(USER.set("inner"));
            if !done {
                std::future::pending::<()>().await;
            }
        };
        USER.sync_scope("outer", || {
            let mut future = Box::pin(HOOK.scope(hook, body));
            assert_eq!(poll_once(future.as_mut()).is_ready(), done);
            drop(future);
        });
        assert_eq!(*seen.lock().unwrap(), ["outer"], "done: {done}");
    }
}

#[test]
fn drop_may_read_set_scope_and_drop_contexts() {
    // case 199
    isolated(|| {
        drop(USER.set("outer"));
        let snapshot = Mutex::new(Some(Context::current()));
        let hook = on_drop(move || {
            assert_eq!(USER.get(), "outer");
            drop(USER.set("set in drop"));
            USER.sync_scope("scope in drop", || assert_eq!(USER.get(), "scope in drop"));
            HOOK.sync_scope(on_drop(|| drop(LOG.set(vec!["nested"]))), || ());
            drop(snapshot.lock().unwrap().take());
        });
        SECOND.sync_scope(hook, || ());
        assert_eq!((USER.get(), LOG.get()), ("set in drop", vec!["nested"]));
    });
}

#[test]
fn drop_that_sets_its_own_variable_again_ends() {
    isolated(|| {
        drop(HOOK.set(on_drop(|| drop(HOOK.set(on_drop(|| ()))))));
        drop(HOOK.set(on_drop(|| ())));
        assert!(HOOK.is_set());
    });
}

#[test]
fn panicking_drop_leaves_everything_consistent_and_drops_the_rest() {
    let alive = Alive::default();
    USER.sync_scope("outer", || {
        let text = panic_of(|| {
            HOOK.sync_scope(on_drop(|| panic!("first")), || {
                drop(TRACKED.set(alive.track()));
                let (later, _) = witness();
                drop(SECOND.set(later));
                drop(USER.set("inner"));
            })
        });
        assert_eq!(text, "first");
        assert_eq!(USER.get(), "outer");
        assert!(!HOOK.is_set() && !TRACKED.is_set());
    });
    assert_eq!(alive.count(), 0);
}

#[test]
fn panicking_drop_on_every_path_by_which_a_value_goes() {
    let bomb = || on_drop(|| panic!("bomb"));
    let goes: [(&str, &dyn Fn()); 9] = [
        ("end of a sync scope", &|| HOOK.sync_scope(bomb(), || ())),
        ("end of a future's scope", &|| {
            assert!(poll_once(pin!(HOOK.scope(bomb(), async {}))).is_ready());
        }),
        ("scope that was never polled", &|| {
            drop(HOOK.scope(bomb(), async {}))
        }),
        ("set over it", &|| {
            let token = HOOK.set(bomb());
            drop(token);
            drop(HOOK.set(on_drop(|| ())));
        }),
        ("reset", &|| HOOK.set(bomb()).reset().unwrap()),
        ("token", &|| {
            drop(HOOK.set(bomb()));
            let token = HOOK.set(on_drop(|| ()));
            drop(token);
        }),
        ("context", &|| {
            drop(Context::new().with_value(&HOOK, bomb()))
        }),
        ("with_value over it", &|| {
            drop(
                Context::new()
                    .with_value(&HOOK, bomb())
                    .with_value(&HOOK, on_drop(|| ())),
            );
        }),
        ("not inherited", &|| LOCAL_HOOK.sync_scope(bomb(), || ())),
    ];
    for (path, go) in goes {
        let alive = Alive::default();
        isolated(|| {
            drop(TRACKED.set(alive.track()));
            assert_eq!(panic_of(go), "bomb", "{path}");
            assert_eq!((USER.get(), alive.count()), ("anonymous", 1), "{path}");
            drop(USER.set("still usable"));
            assert_eq!(USER.get(), "still usable", "{path}");
        });
        assert_eq!(alive.count(), 0, "{path}");
    }
}

#[test]
fn value_dropped_on_another_thread_is_dropped_once() {
    let alive = Alive::default();
    let context = Context::new().with_value(&TRACKED, alive.track());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mut copy = context.clone();
            std::thread::spawn(move || copy.run(|| TRACKED.with(|_| ())))
        })
        .collect();
    drop(context);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(alive.count(), 0);
}
