//! Section G: threads, pools, and bridges between synchronous and asynchronous code.

use std::sync::{Arc, Mutex, mpsc};

use context_vars::{Context, context_var, inherit, isolated, prelude::*, task};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32;
    static SECRET: &str;
    static LIMIT: u32 = 10;
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does what it is sent, and says what it sees between.
fn worker() -> (mpsc::Sender<Job>, std::thread::JoinHandle<Vec<bool>>) {
    let (sender, jobs) = mpsc::channel::<Job>();
    let thread = std::thread::spawn(move || {
        let see = |job: Job| {
            job();
            USER.is_set() || COUNT.is_set()
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
                drop(COUNT.set(1));
            });
        }))
        .unwrap();
        pool.send(Box::new(inherit(|| {
            assert_eq!(USER.get(), "alice");
            drop(USER.set("changed"));
        })))
        .unwrap();
        assert_eq!(USER.get(), "alice");
        assert!(!COUNT.is_set());
    });
    drop(pool);
    assert_eq!(
        thread.join().unwrap(),
        [false, false],
        "set between two jobs"
    );
}

#[test]
fn default_is_the_process_s_and_a_binding_is_not() {
    // case 169
    COUNT.sync_scope(1, || {
        LIMIT.sync_scope(20, || {
            let there = std::thread::spawn(|| (LIMIT.get(), COUNT.is_set()));
            assert_eq!(there.join().unwrap(), (10, false));
            assert_eq!(LIMIT.get(), 20);
        });
    });
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
    assert_eq!(there.join().unwrap(), ("there", "captured", "captured"));
}

#[tokio::test]
async fn neither_direction_of_the_bridge_gives_changes_back() {
    // case 176: asgiref copies them back, asyncio's `to_thread` does not, and nor do we (R12).
    let work = async {
        drop(COUNT.set(1));
        let seen = task::spawn_blocking(|| {
            let seen = COUNT.get();
            drop(COUNT.set(2));
            seen
        });
        assert_eq!(seen.await.unwrap(), 1);
        assert_eq!(COUNT.get(), 1);
    };
    work.inherit_context().await;
    let back = task::spawn_blocking(|| {
        drop(COUNT.set(3));
        let handle = tokio::runtime::Handle::current();
        handle.block_on(
            async {
                assert_eq!(COUNT.get(), 3);
                drop(COUNT.set(4));
            }
            .inherit_context(),
        );
        COUNT.get()
    });
    assert_eq!(back.await.unwrap(), 3);
}

#[tokio::test]
async fn context_that_workers_share_collects_what_all_of_them_set() {
    // case 177: one at a time, since a context is entered by one.
    let shared = Arc::new(Mutex::new(Context::new()));
    let mut blocking = Vec::new();
    for set in [|| drop(USER.set("sync")), || drop(COUNT.set(1))] {
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
    let collected = shared.lock().unwrap();
    assert_eq!(collected.len(), 4);
    assert_eq!(
        (collected.get(&USER), collected.get(&LIMIT)),
        (Some(&"sync"), Some(&2))
    );
    assert!(!USER.is_set() && !LIMIT.is_set(), "the caller is as it was");
}

#[tokio::test]
async fn raw_threads_never_see_or_disturb_a_counter() {
    // case 181
    let work = async {
        drop(COUNT.set(0));
        for n in 0..10 {
            let bumped = task::spawn_blocking(move || COUNT.get() + 1).await.unwrap();
            drop(COUNT.set(bumped));
            let raw: Vec<_> = (0..5)
                .map(|_| {
                    std::thread::spawn(|| {
                        let seen = COUNT.is_set();
                        drop(COUNT.set(1000));
                        seen
                    })
                })
                .collect();
            assert!(raw.into_iter().all(|thread| !thread.join().unwrap()));
            assert_eq!(COUNT.get(), n + 1);
        }
    };
    work.inherit_context().await;
}

#[test]
fn thread_borrows_another_s_values_but_for_some() {
    // case 184
    isolated(|| {
        drop(USER.set("lender"));
        drop(SECRET.set("hidden"));
        let mut lent = Context::current().without(&SECRET);
        let borrower = std::thread::spawn(move || {
            drop(USER.set("borrower"));
            drop(SECRET.set("own"));
            let seen = lent.run(|| (USER.get(), SECRET.is_set()));
            (seen, USER.get(), SECRET.get())
        });
        let seen = borrower.join().unwrap();
        assert_eq!(seen, (("lender", false), "borrower", "own"));
    });
}
