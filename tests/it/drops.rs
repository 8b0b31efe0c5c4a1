//! R19: when and where values are dropped, and what their `Drop` may do.

use std::sync::Mutex;

use context_vars::{Context, context_var, detached, prelude::*, with_context};

use crate::support::{
    Alive, DropHook, HOOK, TRACKED, Tracked, USER, ended, on_drop, panic_of, poll_once, times,
    witness,
};

context_var! {
    static OTHER: Tracked;
    static SECOND: DropHook;
    static LOG: Vec<&'static str> = Vec::new();
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
    // case 244: the variable lives for ever, its values do not.
    let alive = Alive::default();
    let context = Context::new().with_value(&TRACKED, alive.track());
    let mut context = context.without(&TRACKED);
    assert_eq!(alive.count(), 0, "removed");
    context.run(|| {
        TRACKED.set(alive.track());
        let token = TRACKED.set(alive.track());
        assert_eq!(alive.count(), 2);
        drop(token);
        assert_eq!(alive.count(), 1, "set over");
        let snapshot = Context::current();
        TRACKED.set(alive.track());
        assert_eq!(alive.count(), 2, "held by a copy");
        drop(snapshot);
        assert_eq!(alive.count(), 1);
        TRACKED.unset();
        TRACKED.set(alive.track()).reset().unwrap();
        assert_eq!(alive.count(), 0, "reset inside its own run");
    });
}

#[test]
fn variable_never_sees_the_value_of_one_that_was_freed() {
    // case 251: numbers and statics are never used again, blocks of memory are.
    detached(|| {
        let alive = Alive::default();
        for _ in 0..times(100) {
            TRACKED.sync_scope(alive.track(), || assert!(TRACKED.is_set()));
            assert!(!TRACKED.is_set() && !OTHER.is_set());
            OTHER.sync_scope(alive.track(), || assert!(!TRACKED.is_set()));
        }
        assert_eq!(alive.count(), 0);
    });
}

#[test]
fn drop_runs_after_the_leave_in_the_outer_context() {
    async fn sets(done: bool) {
        USER.set("inner");
        if !done {
            std::future::pending::<()>().await;
        }
    }
    fn future(hook: DropHook, done: bool) {
        let mut future = Box::pin(HOOK.scope(hook, sets(done)));
        assert_eq!(poll_once(future.as_mut()).is_ready(), done);
    }
    type Way = (&'static str, fn(DropHook));
    let ways: [Way; 3] = [
        ("scope", |hook| {
            HOOK.sync_scope(hook, || drop(USER.set("inner")));
        }),
        ("future that is done", |hook| future(hook, true)),
        ("future that is cancelled", |hook| future(hook, false)),
    ];
    for (way, run) in ways {
        let (hook, seen) = witness();
        USER.sync_scope("outer", || run(hook));
        assert_eq!(seen.users(), ["outer"], "{way}");
    }
}

#[test]
fn drop_may_read_set_scope_and_drop_contexts() {
    // case 199
    detached(|| {
        USER.set("outer");
        let snapshot = Mutex::new(Some(Context::current()));
        let hook = on_drop(move || {
            assert_eq!(USER.get(), "outer");
            USER.set("set in drop");
            USER.sync_scope("scope in drop", || assert_eq!(USER.get(), "scope in drop"));
            HOOK.sync_scope(on_drop(|| drop(LOG.set(vec!["nested"]))), || ());
            drop(snapshot.lock().unwrap().take());
        });
        SECOND.sync_scope(hook, || ());
        assert_eq!((USER.get(), LOG.get()), ("set in drop", vec!["nested"]));
    });
}

#[test]
fn panicking_drop_leaves_everything_consistent_and_drops_the_rest() {
    let alive = Alive::default();
    USER.sync_scope("outer", || {
        let text = panic_of(|| {
            HOOK.sync_scope(on_drop(|| panic!("first")), || {
                TRACKED.set(alive.track());
                let (later, _) = witness();
                SECOND.set(later);
                USER.set("inner");
            })
        });
        assert_eq!(text, "first");
        assert_eq!(USER.get(), "outer");
        assert!(!HOOK.is_set() && !TRACKED.is_set());
    });
    assert_eq!(alive.count(), 0);
}

#[with_context(user = "inner", hook = replaces_a_panicking_hook(), tracked = alive.track(), other = alive.track())]
fn drops_a_replaced_value(alive: &Alive) {
    unreachable!("{} values are alive", alive.count());
}

/// Sets the hook in the scope, whose value for it then replaces this one.
fn replaces_a_panicking_hook() -> DropHook {
    drop(HOOK.set(on_drop(|| panic!("replaced"))));
    on_drop(|| ())
}

#[with_context(tracked = alive.track(), hook = panics(), other = alive.track())]
fn panics_for_a_later_value(alive: &Alive) {
    unreachable!("{} values are alive", alive.count());
}

fn panics() -> DropHook {
    assert!(!TRACKED.is_set());
    panic!("no value")
}

#[test]
fn values_of_a_scope_are_dropped_where_a_replaced_or_a_later_one_panics() {
    let scopes: [fn(&Alive); 2] = [drops_a_replaced_value, panics_for_a_later_value];
    for (scope, text) in scopes.into_iter().zip(["replaced", "no value"]) {
        let alive = Alive::default();
        assert_eq!(panic_of(|| scope(&alive)), text);
        assert_eq!((alive.count(), USER.get()), (0, "anonymous"), "{text}");
        assert!(!HOOK.is_set() && !TRACKED.is_set(), "{text}");
    }
}

#[with_context(tracked = replaces_a_tracked_value(alive))]
fn replaces_its_only_variable(alive: &Alive) {
    assert_eq!(alive.count(), 1);
}

fn replaces_a_tracked_value(alive: &Alive) -> Tracked {
    drop(TRACKED.set(alive.track()));
    alive.track()
}

#[with_context(hook = replaces_a_panicking_hook())]
fn replaces_only_a_panicking_hook() {
    unreachable!("the replaced value panics");
}

#[test]
fn only_variable_of_a_scope_drops_the_value_that_it_replaces() {
    let alive = Alive::default();
    replaces_its_only_variable(&alive);
    assert_eq!(alive.count(), 0);
    assert_eq!(panic_of(replaces_only_a_panicking_hook), "replaced");
    assert!(!HOOK.is_set());
}

#[repr(align(64))]
struct Aligned(#[allow(dead_code)] Tracked);

context_var! {
    static ALIGNED: Aligned;
    static LARGE: (Tracked, [u8; 1024]);
}

#[test]
fn values_of_any_size_and_alignment_are_dropped() {
    let alive = Alive::default();
    let inside = || assert_eq!(alive.count(), 1);
    ALIGNED.sync_scope(Aligned(alive.track()), inside);
    LARGE.sync_scope((alive.track(), [0; 1024]), inside);
    assert_eq!(alive.count(), 0);
}

#[test]
fn value_dropped_on_another_thread_is_dropped_once() {
    let alive = Alive::default();
    let context = Context::new().with_value(&TRACKED, alive.track());
    let threads = [(); 4].map(|()| {
        let mut copy = context.clone();
        std::thread::spawn(move || copy.run(|| TRACKED.with(|_| ())))
    });
    drop(context);
    threads.into_iter().for_each(ended);
    assert_eq!(alive.count(), 0);
}

context_var! {
    static CHAIN: Context;
}

#[test]
fn long_chain_of_contexts_is_dropped_without_recursion() {
    let alive = Alive::default();
    let mut chain = Context::new().with_value(&TRACKED, alive.track());
    // A thousand levels take Miri minutes.
    let levels = if cfg!(miri) { 20 } else { 200_000 };
    for _ in 0..levels {
        chain = Context::new().with_value(&CHAIN, chain);
    }
    assert_eq!(alive.count(), 1);
    drop(chain);
    assert_eq!(alive.count(), 0);
}

#[test]
fn long_chain_is_dropped_to_its_end_also_where_values_panic() {
    let alive = Alive::default();
    let mut chain = Context::new().with_value(&TRACKED, alive.track());
    if cfg!(miri) {
        // Without the trace that std adds if the thread is unwinding already: it takes a minute.
        std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    }
    let (levels, period) = if cfg!(miri) { (12, 4) } else { (200, 50) };
    for n in 0..levels {
        let panics = on_drop(move || assert!(n % period != period / 2, "value {n}"));
        chain = Context::new()
            .with_value(&CHAIN, chain)
            .with_value(&HOOK, panics);
    }
    panic_of(|| drop(chain));
    assert_eq!(alive.count(), 0);
}
