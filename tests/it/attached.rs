//! R22: a context that one call makes current and another ends.

mod model;
mod programs;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;
use std::task::Poll;

use context_vars::{Attached, Context, context_var, prelude::*};
use tokio::task::{LocalSet, spawn_local};

use crate::support::{
    Alive, DropHook, TRACKED, USER, alice, on_a_thread, on_drop, one_thread, panic_of, poll_once,
    witness,
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
    let given_back = (context.get(&USER), context.get(&COUNT));
    assert_eq!(given_back, (Some(&"alice"), Some(&1)));
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
        let unwinds = || -> () {
            attach("unwinding");
            panic!("out")
        };
        assert_eq!(panic_of(|| COUNT.sync_scope(1, unwinds)), "out");
        assert_eq!(USER.get(), "outer");
        let ended = late.take().into_iter();
        let users = ended.map(|guard| *guard.detach().get(&USER).unwrap());
        let expected = ["in scope", "in run", "in poll", "unwinding"];
        assert_eq!(users.collect::<Vec<_>>(), expected);
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
    assert_eq!(poll_once(work), Poll::Ready(("task", "task")));
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
    assert!(!USER.is_set() && !COUNT.is_set());
    assert_eq!(alive.count(), 0);
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
    on_a_thread(move || {
        forget(context.attach());
        assert!(TRACKED.is_set());
    });
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
        let user = on_a_thread(move || {
            // The destructor that is registered last runs first.
            if destroyed_before_ours {
                drop(alice().attach());
            }
            GUARDS.with_borrow_mut(|guards| guards.push(context.attach()));
            GUARDS.with_borrow_mut(|guards| guards.push(alice().attach()));
            USER.get()
        });
        assert_eq!(user, "alice");
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
    // The fields of a tuple are dropped in their order.
    let work = with_capture((attaches, hook), || Poll::<()>::Pending);
    let context = Context::new().with_value(&USER, "task");
    assert!(poll_once(pin!(work.in_context(context))).is_pending());
    // Attached until the work is dropped whole.
    assert_eq!((seen.users(), USER.is_set()), (vec!["alice"], false));
    let context = KEPT.take().unwrap().detach();
    assert_eq!((context.get(&USER), USER.is_set()), (Some(&"alice"), false));
}

/// A future that owns a value until it is dropped itself.
fn with_capture<C, T>(captured: C, mut poll: impl FnMut() -> Poll<T>) -> impl Future<Output = T> {
    poll_fn(move |_| {
        let _ = &captured;
        poll()
    })
}

#[test]
fn finished_work_that_left_a_context_attached_is_dropped_in_its_own() {
    type Wrap = fn(DropHook) -> Pin<Box<dyn Future<Output = ()>>>;
    fn work(hook: DropHook) -> impl Future<Output = ()> {
        with_capture(hook, || {
            keep(alice().attach());
            Poll::Ready(())
        })
    }
    fn task() -> Context {
        Context::new().with_value(&USER, "task")
    }
    let ways: [(&str, Wrap); 3] = [
        ("in a context", |hook| {
            Box::pin(work(hook).in_context(task()))
        }),
        ("in a scope", |hook| {
            Box::pin(USER.scope("task", work(hook)))
        }),
        ("in a borrowed context", |hook| {
            Box::pin(async move { task().run_async(work(hook)).await })
        }),
    ];
    for (way, wrap) in ways {
        let (hook, seen) = witness();
        let mut work = wrap(hook);
        assert!(poll_once(work.as_mut()).is_ready(), "{way}");
        let after = (seen.users(), USER.is_set());
        assert_eq!(after, (vec!["task"], false), "{way}");
        let context = KEPT.take().unwrap().detach();
        assert_eq!(context.get(&USER), Some(&"alice"), "{way}");
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
    let seen = one_thread().block_on(async {
        let set = tokio::spawn(async {
            let _guard = Context::current().attach();
            COUNT.set(7);
            COUNT.get()
        });
        let next = tokio::spawn(async { COUNT.get() });
        (set.await.unwrap(), next.await.unwrap())
    });
    assert_eq!(seen, (7, 0));
}

#[test]
fn guard_held_over_an_await_in_a_root_shows_its_values_to_the_next_task_which_may_not_set() {
    LocalSet::new().block_on(&one_thread(), async {
        let holds = spawn_local(async {
            let _guard = alice().attach();
            tokio::task::yield_now().await;
        });
        let next = spawn_local(async {
            let refused = panic_of(|| drop(COUNT.set(1)));
            (USER.get(), refused.contains("has no context of its own"))
        });
        assert_eq!(next.await.unwrap(), ("alice", true));
        holds.await.unwrap();
        assert!(!USER.is_set());
    });
}
