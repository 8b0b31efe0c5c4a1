//! R20: a thread that ends.

use std::cell::RefCell;
use std::sync::mpsc;

use context_vars::{Context, context_var, prelude::*};

use crate::support::{
    Alive, DropHook, HOOK, OnDrop, TRACKED, Tracked, USER, ended, on_a_thread, on_drop, poll_once,
    soon,
};

context_var! {
    static BARE: u32;
    #[no_inherit]
    static LOCAL: Tracked;
    #[no_inherit]
    static LOCAL_HOOK: DropHook;
}

type Destructor = OnDrop<Box<dyn FnMut()>>;

thread_local! {
    static AT_END: RefCell<Option<Destructor>> = const { RefCell::new(None) };
}

/// Runs `root` in the root of a thread, whose end drops all values.
fn assert_nothing_is_left(root: fn(Alive)) {
    let alive = Alive::default();
    let there = alive.clone();
    on_a_thread(move || root(there));
    assert_eq!(alive.count(), 0);
}

/// Returns the result of `f` in the destructor of a thread-local, which is registered before or after ours.
fn in_destructor<R: Send + 'static>(
    before_ours: bool,
    f: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (send, result) = mpsc::channel();
    let mut f = Some(f);
    on_a_thread(move || {
        if !before_ours {
            USER.set("ours");
        }
        let run = move || {
            send.send(f.take().expect("once")())
                .expect("the test waits")
        };
        AT_END.with_borrow_mut(|at_end| *at_end = Some(OnDrop(Box::new(run))));
        USER.set("ours");
    });
    soon(&result)
}

#[test]
fn values_of_a_threads_root_are_dropped_when_it_ends() {
    assert_nothing_is_left(|alive| {
        TRACKED.set(alive.track());
        drop(LOCAL.set(alive.track()));
        assert_eq!(alive.count(), 2);
    });
}

#[test]
fn everything_works_in_destructors_of_other_thread_locals() {
    for before_ours in [true, false] {
        let alive = Alive::default();
        let there = alive.clone();
        in_destructor(before_ours, move || {
            let _ = USER.get();
            assert!(BARE.try_get().is_err());
            assert_eq!(BARE.get_or(3), 3);
            let token = TRACKED.set(there.track());
            let _ = token.reset();
            TRACKED.set(there.track());
            USER.sync_scope("scope at the end", || {
                assert_eq!(USER.get(), "scope at the end");
                USER.set("set in it").reset().unwrap();
                BARE.sync_scope(1, || assert_eq!(BARE.get(), 1));
            });
            let mut future = Box::pin(USER.scope("future", async { USER.get() }));
            assert!(poll_once(future.as_mut()).is_ready());
            let mut context = Context::current().with_value(&BARE, 5);
            assert_eq!(context.run(|| BARE.get()), 5);
            drop(async {}.inherit_context());
        });
        assert_eq!(alive.count(), 0, "before ours: {before_ours}");
    }
}

#[test]
fn token_made_in_the_root_of_an_ended_thread_is_refused() {
    let refused = in_destructor(true, || {
        let token = USER.set("too late");
        assert_eq!((USER.get(), token.old_value()), ("anonymous", None));
        token.reset().is_err()
    });
    assert!(refused);
}

#[test]
fn drop_of_a_roots_value_may_set_again_while_the_thread_ends() {
    assert_nothing_is_left(|alive| {
        drop(HOOK.set(on_drop(move || {
            assert_eq!(USER.get(), "anonymous");
            TRACKED.set(alive.track());
            USER.set("too late");
        })));
    });
}

#[test]
fn drops_of_a_roots_values_may_panic_while_the_thread_ends() {
    assert_nothing_is_left(|alive| {
        TRACKED.set(alive.track());
        HOOK.set(on_drop(|| panic!("a value of the root")));
        LOCAL_HOOK.set(on_drop(|| panic!("another")));
    });
}

#[test]
fn many_threads_end_while_others_read_their_contexts() {
    // case 249
    let count = if cfg!(miri) { 8 } else { 32 };
    let alive = Alive::default();
    let (sender, contexts) = mpsc::channel::<Context>();
    let spawn = |n| {
        let (there, sender) = (alive.clone(), sender.clone());
        std::thread::spawn(move || {
            TRACKED.set(there.track());
            BARE.set(n);
            sender.send(Context::current()).unwrap();
        })
    };
    let threads: Vec<_> = (0..count).map(spawn).collect();
    drop(sender);
    let sum: u32 = contexts
        .iter()
        .map(|context| *context.get(&BARE).unwrap())
        .sum();
    threads.into_iter().for_each(ended);
    assert_eq!((sum, alive.count()), ((0..count).sum(), 0));
}
