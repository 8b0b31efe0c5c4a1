//! Polls in polls.

use std::panic::{AssertUnwindSafe, catch_unwind};

use context_vars::task::InheritingBuilder;
use context_vars::{Context, detached};
use tokio::runtime::{Builder, RuntimeFlavor};
use tokio::task::{LocalSet, block_in_place, yield_now};

use super::{COUNT, one_thread, two_workers, user};
use crate::support::USER;

#[test]
fn task_that_blocks_in_place_keeps_its_context_and_others_theirs() {
    let runtime = two_workers();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let work = async move {
                USER.set("own");
                let inside = block_in_place(|| {
                    COUNT.set(COUNT.get() + 1);
                    let handle = tokio::runtime::Handle::current();
                    handle.block_on(async {
                        let child = tokio::spawn(async { (USER.get(), COUNT.get()) });
                        child.await.unwrap()
                    })
                });
                yield_now().await;
                assert_eq!(inside, ("own", n + 1));
                assert_eq!((USER.get(), COUNT.get()), ("own", n + 1));
            };
            COUNT.sync_scope(n, || runtime.spawn(work))
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn runtime_inside_a_task_of_a_runtime() {
    fn nested(depth: u32) -> Vec<u32> {
        let runtime = if depth.is_multiple_of(2) {
            one_thread()
        } else {
            two_workers()
        };
        let inner = COUNT.sync_scope(depth, || {
            runtime.spawn(async move {
                let mut seen = vec![COUNT.get()];
                if depth > 0 {
                    seen.extend(block_anywhere(|| nested(depth - 1)));
                }
                yield_now().await;
                seen.push(COUNT.get());
                seen
            })
        });
        let local = LocalSet::new();
        let driver = async {
            let bare = tokio::task::spawn_local(async { COUNT.is_set() });
            assert_eq!(bare.await.unwrap(), COUNT.is_set());
            inner.await.unwrap()
        };
        let seen = local.block_on(&runtime, driver);
        drop(local);
        runtime.shutdown_background();
        seen
    }
    /// A runtime may not be blocked on inside a task of a runtime of one thread: another thread
    /// does it, with the context.
    fn block_anywhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        let flavor = tokio::runtime::Handle::current().runtime_flavor();
        if flavor == RuntimeFlavor::MultiThread {
            return block_in_place(f);
        }
        let mut context = Context::current();
        std::thread::scope(|threads| threads.spawn(|| context.run(f)).join().unwrap())
    }
    assert_eq!(nested(3), [3, 2, 1, 0, 0, 1, 2, 3]);
    assert!(!COUNT.is_set());
}

#[test]
fn scopes_reads_and_panics_around_and_inside_polls() {
    let runtime = one_thread();
    USER.sync_scope("outer", || {
        USER.with(|outer| {
            let work = async {
                let panicking = tokio::spawn(USER.scope("scope", async {
                    USER.with(|user| {
                        USER.set("set inside the read");
                        assert_eq!(*user, "scope");
                        panic!("inside a read");
                    })
                }));
                assert!(panicking.await.unwrap_err().is_panic());
                let task = tokio::spawn(async {
                    let inside = USER.with(|user| (*user, detached(|| USER.get())));
                    USER.set("task");
                    yield_now().await;
                    (inside, USER.get())
                });
                task.await.unwrap()
            };
            assert_eq!(runtime.block_on(work), (("outer", "anonymous"), "task"));
            assert_eq!(*outer, "outer");
        });
        let text = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async { tokio::spawn(async { panic!() }).await.unwrap() })
        }));
        assert!(text.is_err());
        assert_eq!(USER.get(), "outer");
    });
    assert!(!USER.is_set());
}

#[test]
fn one_builder_builds_two_runtimes_that_inherit() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1);
    let outer = InheritingBuilder::new(&mut builder).build().unwrap();
    let inner = InheritingBuilder::new(&mut builder).build().unwrap();
    let work = async move {
        let seen = block_in_place(|| {
            let task = USER.sync_scope("inner", || inner.spawn(user()));
            inner.block_on(task).unwrap()
        });
        block_in_place(|| drop(inner));
        (seen, user().await)
    };
    let task = USER.sync_scope("outer", || outer.spawn(work));
    assert_eq!(outer.block_on(task).unwrap(), ("inner", "outer"));
}
