//! R12, R13: what inherits, what does not, and that nothing comes back.

use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};

use context_vars::{
    Context, context_var, detached, inherit, inherit_fn, inherit_with, prelude::*, task,
};

use crate::support::{USER, as_alice, ended, on_a_thread, poll_once, soon, times, witness};

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
            OTHER.set(n);
            (before, OTHER.get())
        })
    });
    std::thread::scope(|threads| {
        for n in 0..4 {
            let f = &f;
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
    let closure = as_alice(|| {
        inherit_fn(move |()| {
            let _hook = &hook;
            USER.set("set by a call");
        })
    });
    closure(());
    drop(closure);
    assert_eq!(seen.users(), ["alice"]);
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

#[test]
fn detached_is_empty_and_lets_nothing_out() {
    // case 271, case 276, case 279; case 272: also detached twice, and to restore without
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
    });
}

#[test]
fn captured_before_and_run_inside_flows_again_for_the_run_only() {
    // case 274
    USER.sync_scope("captured", || {
        let captured = inherit(|| {
            (
                USER.get(),
                ended(context_vars::thread::spawn(|| USER.get())),
            )
        });
        detached(|| {
            USER.set("own");
            assert_eq!(captured(), ("captured", "captured"));
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
    USER.sync_scope("x", || {
        let child = context_vars::thread::spawn(|| {
            let first = ended(context_vars::thread::spawn(|| USER.get()));
            let second = USER.sync_scope("y", || context_vars::thread::spawn(|| USER.get()));
            (first, ended(second), USER.get())
        });
        assert_eq!(ended(child), ("x", "y", "x"));
    });
}

#[tokio::test]
async fn wrapper_hands_the_operations_of_what_it_wraps_through() {
    // case 126: cancel and its state, of a task; the work itself, of a future that has methods.
    let task = USER.sync_scope("alice", || {
        tokio::spawn(std::future::pending::<()>().inherit_context())
    });
    assert!(!task.is_finished());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    let counter = std::future::ready(5);
    let mut wrapped = pin!(counter.inherit_context());
    let inner = wrapped.as_mut().run_pinned(|ready| ready.clone());
    assert_eq!(inner.into_inner(), 5);
    assert!(poll_once(wrapped.as_mut()).is_ready());
}

/// A library that calls all callbacks from one timer, which the first of them has started.
#[derive(Default)]
struct Batch {
    callbacks: Vec<Box<dyn FnOnce() -> &'static str>>,
    timer: Option<Context>,
}

impl Batch {
    fn add(&mut self, callback: impl FnOnce() -> &'static str + 'static) {
        self.timer.get_or_insert_with(Context::current);
        self.callbacks.push(Box::new(callback));
    }

    fn fire(self) -> Vec<&'static str> {
        let call = |callback: Box<dyn FnOnce() -> _>| callback();
        let mut timer = self.timer.unwrap_or_default();
        timer.run(|| self.callbacks.into_iter().map(call).collect())
    }
}

#[test]
fn callbacks_of_a_library_that_batches_need_to_be_wrapped() {
    // case 127
    let mut batch = Batch::default();
    USER.sync_scope("first", || batch.add(|| USER.get()));
    USER.sync_scope("second", || batch.add(|| USER.get()));
    USER.sync_scope("third", || batch.add(inherit(|| USER.get())));
    let seen = batch.fire();
    assert_eq!(seen, ["first", "first", "third"], "the second is wrong");
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does what it is sent, and says what it sees between.
fn worker() -> (mpsc::Sender<Job>, std::thread::JoinHandle<Vec<bool>>) {
    let (sender, jobs) = mpsc::channel::<Job>();
    let thread = std::thread::spawn(move || {
        let see = |job: Job| {
            job();
            USER.is_set() || OTHER.is_set()
        };
        jobs.into_iter().map(see).collect()
    });
    (sender, thread)
}

#[test]
fn context_passed_to_a_pools_thread_is_gone_from_it_afterwards() {
    // case 167, and case 182: the thread that queues keeps its own.
    let (pool, thread) = worker();
    USER.sync_scope("alice", || {
        let mut passed = Context::current();
        pool.send(Box::new(move || {
            passed.run(|| {
                assert_eq!(USER.get(), "alice");
                OTHER.set(1);
            });
        }))
        .unwrap();
        pool.send(Box::new(inherit(|| {
            assert_eq!(USER.get(), "alice");
            USER.set("changed");
        })))
        .unwrap();
        assert_eq!(USER.get(), "alice");
        assert!(!OTHER.is_set());
    });
    drop(pool);
    assert_eq!(ended(thread), [false, false], "set between two jobs");
}

#[test]
fn closure_reads_where_it_is_evaluated_unless_it_carries_its_context() {
    // case 172: Racket's continuation takes the parameterization along; ours must be wrapped.
    let (bare, wrapped, read_before) = USER.sync_scope("captured", || {
        let user = USER.get();
        (|| USER.get(), inherit(|| USER.get()), move || user)
    });
    let there =
        std::thread::spawn(move || USER.sync_scope("there", || (bare(), wrapped(), read_before())));
    assert_eq!(ended(there), ("there", "captured", "captured"));
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
        assert_eq!(seen.await.unwrap(), 1);
        assert_eq!(OTHER.get(), 1);
    };
    work.inherit_context().await;
    // The thread is used again and holds nothing.
    let again = tokio::task::spawn_blocking(|| OTHER.is_set()).await;
    assert!(!again.unwrap());
    let back = task::spawn_blocking(|| {
        OTHER.set(3);
        let handle = tokio::runtime::Handle::current();
        handle.block_on(
            async {
                assert_eq!(OTHER.get(), 3);
                OTHER.set(4);
            }
            .inherit_context(),
        );
        OTHER.get()
    });
    assert_eq!(back.await.unwrap(), 3);
}

#[tokio::test]
async fn context_that_workers_share_collects_what_all_of_them_set() {
    // case 177: one at a time, since a context is entered by one.
    let shared = Arc::new(Mutex::new(Context::new()));
    let mut blocking = Vec::new();
    for set in [|| drop(USER.set("sync")), || drop(OTHER.set(1))] {
        let shared = shared.clone();
        blocking.push(tokio::task::spawn_blocking(move || {
            shared.lock().unwrap().run(set);
        }));
    }
    for work in blocking {
        work.await.unwrap();
    }
    for set in [|| drop(SECRET.set("async")), || drop(LIMIT.set(2))] {
        let context = std::mem::take(&mut *shared.lock().unwrap());
        let mut work = Box::pin(async move { set() }.in_context(context));
        let mut collected = Context::new();
        std::future::poll_fn(|cx| {
            // Before the future is done and its context goes.
            collected = work.as_mut().run_pinned(|step| {
                assert!(step.poll(cx).is_ready());
                Context::current()
            });
            std::task::Poll::Ready(())
        })
        .await;
        *shared.lock().unwrap() = collected;
    }
    let collected = format!("{:?}", shared.lock().unwrap());
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
            let sees = || {
                let seen = OTHER.is_set();
                OTHER.set(1000);
                seen
            };
            let raw = [(); 5].map(|()| std::thread::spawn(sees));
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
