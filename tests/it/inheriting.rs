//! R12, R13: what inherits, what does not, and that nothing comes back.

use std::pin::pin;
use std::sync::{Arc, mpsc};

use context_vars::{
    Context, context_var, detached, inherit, inherit_fn, inherit_with, prelude::*, task,
};

use crate::support::{
    USER, as_alice, ended, on_a_thread, panic_of, poll_once, soon, times, witness,
};

context_var! {
    static OTHER: u32;
    static SECRET: &str;
    static LIMIT: u32 = 10;
}

#[test]
fn thread_inherits_where_it_was_spawned_and_gives_nothing_back() {
    // case 164, case 174
    USER.sync_scope("alice", || {
        let (changed, go) = mpsc::channel();
        let worker = context_vars::thread::spawn(move || {
            soon(&go);
            assert_eq!(USER.get(), "alice", "later changes are not seen");
            USER.set("worker");
            USER.get()
        });
        USER.set("changed");
        changed.send(()).unwrap();
        assert_eq!(ended(worker), "worker");
        assert_eq!(USER.get(), "changed");
    });
}

#[test]
fn wrapped_work_may_borrow_what_is_dropped_before_it() {
    // Only a wrapper without a `Drop` compiles here, like the future alone.
    let (mut wrapped, mut scoped) = (Vec::new(), Vec::new());
    let text = String::from("text");
    wrapped.push(std::future::ready(&text).inherit_context());
    scoped.push(USER.scope("alice", std::future::ready(&text)));
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
    // case 111, case 112, case 114, case 116, case 117, case 129; case 172: Racket's continuation
    // takes the parameterization along; ours must be wrapped.
    let (bare, first) = USER.sync_scope("first", || (|| USER.get(), inherit_fn(|()| USER.get())));
    let calls_both = |()| {
        let nested = || USER.sync_scope("nested", || [first(()), bare()]);
        (USER.get(), nested(), USER.get())
    };
    let second = USER.sync_scope("second", || inherit_fn(calls_both));
    for _ in 0..2 {
        assert_eq!(second(()), ("second", ["first", "nested"], "second"));
        assert_eq!(first(()), "first");
        assert_eq!(USER.get(), "anonymous");
    }
}

#[test]
fn wrappers_keep_arguments_results_and_bounds() {
    // case 119, case 124
    fn send<T: Send + 'static>(f: T) -> T {
        f
    }
    fn everywhere<T: Send + Sync + 'static>(f: T) -> T {
        f
    }
    let text = String::from("moved");
    assert_eq!(send(inherit(move || text.len()))(), 5);
    assert_eq!(send(inherit_with(|n: u32| n + 1))(1), 2);
    let f = everywhere(inherit_fn(|n: &str| n.len()));
    assert_eq!((f("ab"), f("abc")), (2, 3));
    // Work that cannot leave its thread, and work that borrows, can be wrapped, too.
    let (here, borrowed) = (std::rc::Rc::new(1), String::from("borrowed"));
    assert_eq!(inherit(|| (*here, borrowed.as_str()))(), (1, "borrowed"));
}

#[test]
fn each_call_of_inherit_fn_gets_a_fresh_copy_also_at_once() {
    let count = |n: u32| {
        let before = OTHER.get();
        OTHER.set(n);
        (before, OTHER.get())
    };
    let f = &OTHER.sync_scope(1, || inherit_fn(count));
    std::thread::scope(|threads| {
        for n in 0..4 {
            threads.spawn(move || (0..times(100)).for_each(|_| assert_eq!(f(n), (1, n))));
        }
    });
}

#[test]
fn threads_of_a_builder_and_scoped_threads_with_borrowed_captures_inherit() {
    let named = || std::thread::Builder::new().name("named".into());
    let worker = as_alice(|| named().spawn(inherit(|| USER.get())));
    assert_eq!(ended(worker.unwrap()), "alice");
    let (text, mut seen) = (String::from("borrowed"), Vec::new());
    std::thread::scope(|threads| {
        as_alice(|| {
            // case 257: Swift used to crash here.
            threads.spawn(inherit(|| seen.push(USER.get())));
            let job = inherit(|| (USER.get(), text.len()));
            let worker = named().spawn_scoped(threads, job).unwrap();
            assert_eq!(worker.join().unwrap(), ("alice", 8));
        });
    });
    assert_eq!(seen, ["alice"]);
}

#[test]
fn closure_is_dropped_inside_its_context_called_or_not() {
    let (hook, seen) = witness();
    drop(as_alice(|| inherit(move || drop(hook))));
    assert_eq!(seen.users(), ["alice"]);
    let (hook, seen) = witness();
    let sets = move |()| {
        let _hook = &hook;
        USER.set("set by a call");
    };
    let closure = as_alice(|| inherit_fn(sets));
    closure(());
    drop(closure);
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn closure_that_panics_restores_its_caller() {
    // case 121, case 122
    let closure = as_alice(|| inherit(|| panic!("{}", USER.get())));
    USER.sync_scope("caller", || {
        assert_eq!(panic_of(closure), "alice");
        assert_eq!(USER.get(), "caller");
    });
}

#[tokio::test]
async fn spawned_future_inherits_by_inherit_context_only() {
    // case 146, case 239, case 256
    let work = async { USER.get() };
    let inherits = as_alice(|| tokio::spawn(work.inherit_context()));
    let bare = as_alice(|| tokio::spawn(async { USER.is_set() }));
    assert_eq!(inherits.await.unwrap(), "alice");
    assert!(!bare.await.unwrap());
}

#[test]
fn detached_is_empty_and_lets_nothing_out() {
    // case 109, case 271, case 276, case 279; case 272: also detached twice, and to restore without
    // suppressing cannot be written.
    USER.sync_scope("alice", || {
        let inside = detached(|| {
            assert!(Context::current().is_empty());
            detached(|| assert!(!USER.is_set()));
            Context::new().with_value(&USER, "run").run(|| {
                detached(|| assert!(!USER.is_set()));
                assert_eq!(USER.get(), "run");
            });
            OTHER.set(1);
            (USER.get(), Context::current().len())
        });
        assert_eq!(inside, ("anonymous", 1));
        assert!(!OTHER.is_set());
        assert_eq!(USER.get(), "alice");
        USER.set("changed");
    });
    assert!(!USER.is_set(), "the scope around it ends as ever");
}

#[test]
fn captured_before_and_run_inside_flows_again_for_the_run_only() {
    // case 274
    let on_a_thread = || ended(context_vars::thread::spawn(|| USER.get()));
    as_alice(|| {
        let captured = inherit(|| (USER.get(), on_a_thread()));
        detached(|| {
            USER.set("own");
            assert_eq!(captured(), ("alice", "alice"));
            assert_eq!(USER.get(), "own");
        });
    });
}

#[test]
fn variable_that_was_taken_out_is_unset_until_it_is_set_again() {
    // case 277
    USER.sync_scope("alice", || {
        let mut disabled = Context::current().without(&USER);
        let later = disabled.run(|| {
            assert!(!USER.is_set());
            inherit_fn(|()| USER.is_set())
        });
        assert!(!later(()), "in a callback, too");
        assert!(!disabled.run(|| detached(|| USER.is_set())));
        assert!(disabled.run(|| USER.sync_scope("again", || USER.is_set())));
        assert_eq!(USER.get(), "alice");
    });
}

#[test]
fn grandchildren_inherit_from_their_parent() {
    // case 254, case 259
    let spawn = || context_vars::thread::spawn(|| USER.get());
    let child = move || {
        let first = ended(spawn());
        let second = ended(USER.sync_scope("y", spawn));
        [first, second, USER.get()]
    };
    let child = USER.sync_scope("x", || context_vars::thread::spawn(child));
    assert_eq!(ended(child), ["x", "y", "x"]);
}

#[test]
fn wrapper_hands_the_operations_of_what_it_wraps_through() {
    // case 126: the operations of a task are tokio's; the methods of a wrapped future can be called.
    let mut wrapped = pin!(std::future::ready(5).inherit_context());
    let inner = wrapped.as_mut().run_pinned(|ready| ready.clone());
    assert_eq!(inner.into_inner(), 5);
    assert!(poll_once(wrapped.as_mut()).is_ready());
}

#[test]
fn callbacks_of_a_library_that_batches_need_to_be_wrapped() {
    // case 127: one timer, which the first callback has started, calls all of them.
    type Callback = Box<dyn FnOnce() -> &'static str>;
    let (mut callbacks, mut timer) = (Vec::<Callback>::new(), None);
    let mut add = |user, callback: fn() -> Callback| {
        USER.sync_scope(user, || {
            timer.get_or_insert_with(Context::current);
            callbacks.push(callback());
        });
    };
    add("first", || Box::new(|| USER.get()));
    add("second", || Box::new(|| USER.get()));
    add("third", || Box::new(inherit(|| USER.get())));
    let fire = || callbacks.into_iter().map(|callback| callback()).collect();
    let seen: Vec<_> = timer.unwrap().run(fire);
    assert_eq!(seen, ["first", "first", "third"], "the second is wrong");
}

#[test]
fn context_passed_to_a_pools_thread_is_gone_from_it_afterwards() {
    // case 167, and case 182: the thread that queues keeps its own.
    let (pool, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
    let thread = std::thread::spawn(move || {
        let between = jobs.into_iter().map(|job| {
            job();
            USER.is_set() || OTHER.is_set()
        });
        between.collect::<Vec<_>>()
    });
    as_alice(|| {
        let mut passed = Context::current();
        let sets = || {
            assert_eq!(USER.get(), "alice");
            USER.set("changed");
            OTHER.set(1);
        };
        pool.send(Box::new(move || passed.run(sets))).unwrap();
        pool.send(Box::new(inherit(sets))).unwrap();
        assert_eq!((USER.get(), OTHER.is_set()), ("alice", false));
    });
    drop(pool);
    assert_eq!(ended(thread), [false, false], "set between two jobs");
}

#[tokio::test]
async fn neither_direction_of_the_bridge_gives_changes_back() {
    // case 176: asgiref copies them back, asyncio's `to_thread` does not, and nor do we (R12).
    let work = async {
        OTHER.set(1);
        let seen = task::spawn_blocking(|| {
            let seen = OTHER.get();
            OTHER.set(2);
            seen
        });
        assert_eq!((seen.await.unwrap(), OTHER.get()), (1, 1));
    };
    work.inherit_context().await;
    // The thread is used again and holds nothing.
    let again = tokio::task::spawn_blocking(|| OTHER.is_set()).await;
    assert!(!again.unwrap());
    let back = task::spawn_blocking(|| {
        OTHER.set(3);
        let work = async {
            assert_eq!(OTHER.get(), 3);
            OTHER.set(4);
        };
        tokio::runtime::Handle::current().block_on(work.inherit_context());
        OTHER.get()
    });
    assert_eq!(back.await.unwrap(), 3);
}

#[tokio::test]
async fn context_that_workers_share_collects_what_all_of_them_set() {
    // case 177: one at a time, since a context is entered by one.
    let shared = Arc::new(tokio::sync::Mutex::new(Context::new()));
    let blocking = [|| drop(USER.set("sync")), || drop(OTHER.set(1))].map(|set| {
        let shared = shared.clone();
        tokio::task::spawn_blocking(move || shared.blocking_lock().run(set))
    });
    for work in blocking {
        work.await.unwrap();
    }
    for set in [|| drop(SECRET.set("async")), || drop(LIMIT.set(2))] {
        shared.lock().await.run_async(async { set() }).await;
    }
    let collected = format!("{:?}", shared.lock().await);
    let all = r#"{LIMIT: 2, OTHER: 1, SECRET: "async", USER: "sync"}"#;
    assert_eq!(collected, all);
    assert!(!USER.is_set() && !LIMIT.is_set(), "the caller is as it was");
}

#[tokio::test]
async fn raw_threads_never_see_or_disturb_a_counter() {
    // case 181
    let rounds = if cfg!(miri) { 2 } else { 10 };
    let work = async {
        OTHER.set(0);
        for n in 0..rounds {
            let bumped = task::spawn_blocking(move || OTHER.get() + 1).await.unwrap();
            OTHER.set(bumped);
            let was_set = || OTHER.set(1000).old_value().is_some();
            let raw = [(); 5].map(|()| std::thread::spawn(was_set));
            assert_eq!(raw.map(ended), [false; 5]);
            assert_eq!(OTHER.get(), n + 1);
        }
    };
    work.inherit_context().await;
}

#[test]
fn thread_borrows_another_s_values_but_for_some() {
    // case 184
    detached(|| {
        USER.set("lender");
        SECRET.set("hidden");
        let mut lent = Context::current().without(&SECRET);
        let seen = on_a_thread(move || {
            USER.set("borrower");
            SECRET.set("own");
            let seen = lent.run(|| (USER.get(), SECRET.is_set()));
            (seen, USER.get(), SECRET.get())
        });
        assert_eq!(seen, (("lender", false), "borrower", "own"));
    });
}
