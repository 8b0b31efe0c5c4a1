//! R22: a context that one call makes current and another ends.

mod model;
mod programs;

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::atomic::AtomicPtr;
use std::sync::{Mutex, mpsc};
use std::task::Poll;

use context_vars::{Attached, Context, context_var, prelude::*};

use crate::support::{
    Alive, DropHook, TRACKED, USER, alice, on_drop, panic_of, poll_once, soon, witness,
};

context_var! {
    static COUNT: u32 = 0;
    static TEXT: String;
    #[no_inherit]
    static TRANSACTION: u32;
    static ATTACHES: &str = {
        keep(alice().attach());
        USER.get()
    };
}

thread_local! {
    static KEPT: RefCell<Option<Attached>> = const { RefCell::new(None) };
}

fn keep(guard: Attached) {
    KEPT.set(Some(guard));
}

/// Forgets a guard where a leak checker finds it.
fn forget(guard: Attached) {
    static FORGOTTEN: Mutex<Vec<AtomicPtr<Attached>>> = Mutex::new(Vec::new());
    let guard = AtomicPtr::new(Box::into_raw(Box::new(guard)));
    FORGOTTEN.lock().unwrap().push(guard);
}

#[test]
fn attached_context_is_current_until_its_guard_is_dropped_and_comes_back_from_detach() {
    let guard = alice().attach();
    assert_eq!(USER.get(), "alice");
    COUNT.set(1);
    let context = guard.detach();
    assert_eq!((USER.get(), COUNT.get()), ("anonymous", 0));
    assert_eq!(
        (context.get(&USER), context.get(&COUNT)),
        (Some(&"alice"), Some(&1))
    );
}

#[test]
fn scope_run_and_poll_end_what_was_attached_inside_and_a_late_guard_does_nothing() {
    let late = RefCell::new(Vec::new());
    let attach = |name| {
        let context = Context::new().with_value(&USER, name);
        late.borrow_mut().push(context.attach());
        assert_eq!(USER.get(), name);
    };
    USER.sync_scope("outer", || {
        COUNT.sync_scope(1, || attach("in scope"));
        assert_eq!((USER.get(), COUNT.get()), ("outer", 0));
        Context::new().run(|| attach("in run"));
        assert_eq!(USER.get(), "outer");
        let polled = async { attach("in poll") }.in_context(Context::new());
        assert!(poll_once(pin!(polled)).is_ready());
        assert_eq!(USER.get(), "outer");
        assert_eq!(
            panic_of(|| COUNT.sync_scope(1, || {
                attach("unwinding");
                panic!("out")
            })),
            "out"
        );
        assert_eq!(USER.get(), "outer");
        let ended = late.take();
        let contexts = ended.into_iter().map(|guard| guard.detach());
        let users: Vec<_> = contexts
            .map(|context| *context.get(&USER).unwrap())
            .collect();
        assert_eq!(users, ["in scope", "in run", "in poll", "unwinding"]);
        assert_eq!(USER.get(), "outer");
    });
}

#[test]
fn guard_held_over_an_await_shows_nothing_to_what_is_polled_in_between() {
    let mut work = pin!(
        async {
            let guard = alice().attach();
            tokio::task::yield_now().await;
            let seen = USER.get();
            drop(guard);
            (seen, USER.get())
        }
        .in_context(Context::new().with_value(&USER, "task"))
    );
    assert!(poll_once(work.as_mut()).is_pending());
    assert_eq!(USER.get(), "anonymous");
    let Poll::Ready(seen) = poll_once(work) else {
        panic!("it yields once");
    };
    assert_eq!(seen, ("task", "task"));
}

#[test]
fn guard_that_is_dropped_while_a_scope_runs_ends_with_that_scope_and_not_later() {
    let alive = Alive::default();
    let context = alice().with_value(&TRACKED, alive.track());
    let guard = context.attach();
    COUNT.sync_scope(1, || {
        COUNT.sync_scope(2, || {
            drop(guard);
            assert_eq!((USER.get(), COUNT.get(), alive.count()), ("alice", 2, 1));
        });
        assert_eq!((USER.get(), COUNT.get(), alive.count()), ("alice", 1, 1));
    });
    assert_eq!(
        (USER.is_set(), COUNT.is_set(), alive.count()),
        (false, false, 0)
    );
}

#[test]
fn context_that_is_detached_while_a_scope_runs_is_empty_and_complete_afterwards() {
    let during = alice().attach();
    let inside = COUNT.sync_scope(1, || during.detach());
    assert!(inside.is_empty() && !USER.is_set());

    let after = alice().attach();
    COUNT.sync_scope(1, || assert_eq!(USER.get(), "alice"));
    assert_eq!(after.detach().get(&USER), Some(&"alice"));

    // Another guard in between: no scope has the context on its stack.
    let below = alice().attach();
    let above = Context::new().attach();
    COUNT.sync_scope(1, || assert_eq!(below.detach().get(&USER), Some(&"alice")));
    drop(above);
    assert!(!USER.is_set());
}

#[test]
fn value_being_read_stays_when_its_context_is_detached_and_dropped() {
    let guard = Context::new().with_value(&TEXT, "text".repeat(3)).attach();
    TEXT.with(|text| {
        let inner = alice().attach();
        drop(guard);
        drop(inner);
        assert!(!TEXT.is_set());
        assert_eq!(text, "texttexttext");
    });
}

#[test]
fn forgotten_guard_ends_with_the_thread_and_its_values_with_it() {
    let alive = Alive::default();
    let context = Context::new().with_value(&TRACKED, alive.track());
    let thread = std::thread::spawn(move || {
        forget(context.attach());
        assert!(TRACKED.is_set());
    });
    thread.join().unwrap();
    assert_eq!(alive.count(), 0);
}

#[test]
fn guard_in_a_thread_local_is_harmless_when_the_thread_ends() {
    thread_local! {
        static GUARDS: RefCell<Vec<Attached>> = const { RefCell::new(Vec::new()) };
    }
    for destroyed_before_ours in [true, false] {
        let alive = Alive::default();
        let context = Context::new().with_value(&TRACKED, alive.track());
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            // The destructor that is registered last runs first.
            if destroyed_before_ours {
                drop(alice().attach());
            }
            GUARDS.with_borrow_mut(|guards| guards.push(context.attach()));
            GUARDS.with_borrow_mut(|guards| guards.push(alice().attach()));
            tell.send(USER.get()).unwrap();
        });
        assert_eq!(soon(&told), "alice");
        thread.join().unwrap();
        assert_eq!(alive.count(), 0, "before ours: {destroyed_before_ours}");
    }
}

#[test]
fn default_that_leaves_a_context_attached_ends_it() {
    assert_eq!((ATTACHES.get(), USER.get()), ("alice", "anonymous"));
    let context = KEPT.take().unwrap().detach();
    assert_eq!(context.get(&USER), Some(&"alice"));
}

#[test]
fn unfinished_work_that_attaches_when_it_is_dropped_ends_there() {
    let attaches = on_drop(|| {
        assert_eq!(USER.get(), "task");
        keep(alice().attach());
        assert_eq!(USER.get(), "alice");
    });
    let (hook, seen) = witness();
    let work = async move {
        let _dropped_last = hook;
        let _dropped_first = attaches;
        std::future::pending::<()>().await;
    };
    let context = Context::new().with_value(&USER, "task");
    {
        let mut work = pin!(work.in_context(context));
        assert!(poll_once(work.as_mut()).is_pending());
    }
    // Attached until the work is dropped whole.
    assert_eq!((seen.users(), USER.is_set()), (vec!["alice"], false));
    let context = KEPT.take().unwrap().detach();
    assert_eq!((context.get(&USER), USER.is_set()), (Some(&"alice"), false));
}

#[test]
fn finished_work_that_left_a_context_attached_is_dropped_in_its_own() {
    type Wrap = fn(Work) -> Pin<Box<dyn Future<Output = ()>>>;
    let ways: [(&str, Wrap); 2] = [
        ("in a context", |work| {
            Box::pin(work.in_context(Context::new().with_value(&USER, "task")))
        }),
        ("in a scope", |work| Box::pin(USER.scope("task", work))),
    ];
    for (way, wrap) in ways {
        let (hook, seen) = witness();
        let mut work = wrap(Work(hook));
        assert!(poll_once(work.as_mut()).is_ready(), "{way}");
        assert_eq!(
            (seen.users(), USER.is_set()),
            (vec!["task"], false),
            "{way}"
        );
        let context = KEPT.take().unwrap().detach();
        assert_eq!(context.get(&USER), Some(&"alice"), "{way}");
    }

    /// Attaches when it is polled. The hook is dropped with it, and not by its body.
    struct Work(#[allow(dead_code)] DropHook);
    impl Future for Work {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<()> {
            keep(alice().attach());
            Poll::Ready(())
        }
    }
}

#[test]
fn variable_that_is_not_inherited_is_unset_under_an_attached_copy_and_set_under_what_was_given_one()
{
    TRANSACTION.sync_scope(1, || {
        let copy = Context::current().attach();
        assert!(!TRANSACTION.is_set());
        TRANSACTION.set(2);
        COUNT.sync_scope(1, || assert_eq!(TRANSACTION.get(), 2));
        let given = Context::new().with_value(&TRANSACTION, 3).attach();
        assert_eq!(TRANSACTION.get(), 3);
        assert_eq!(copy.detach().get(&TRANSACTION), Some(&2));
        drop(given);
        assert_eq!(TRANSACTION.get(), 1);
    });
}

#[test]
fn bare_task_may_set_under_an_attached_context_and_the_next_one_sees_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let set = runtime.block_on(async {
        let task = tokio::spawn(async {
            let guard = Context::current().attach();
            COUNT.set(7);
            let seen = COUNT.get();
            drop(guard);
            seen
        });
        task.await.unwrap()
    });
    assert_eq!(set, 7);
    assert_eq!(
        runtime.block_on(async { tokio::spawn(async { COUNT.get() }).await.unwrap() }),
        0
    );
}

#[test]
fn guard_held_over_an_await_in_a_root_shows_its_values_to_the_next_task_which_may_not_set() {
    let local = tokio::task::LocalSet::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    local.block_on(&runtime.unwrap(), async {
        let holds = tokio::task::spawn_local(async {
            let guard = alice().attach();
            tokio::task::yield_now().await;
            drop(guard);
        });
        let next = tokio::task::spawn_local(async {
            let refused = panic_of(|| drop(COUNT.set(1)));
            (USER.get(), refused.contains("has no context of its own"))
        });
        assert_eq!(next.await.unwrap(), ("alice", true));
        holds.await.unwrap();
        assert!(!USER.is_set());
    });
}
