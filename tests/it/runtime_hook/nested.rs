//! Polls in polls.

use context_vars::task::InheritingBuilder;
use context_vars::{Context, detached};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{LocalSet, block_in_place, yield_now};

use super::{COUNT, builder, one_thread, two_workers, user};
use crate::support::{USER, panic_of};

#[test]
fn task_that_blocks_in_place_keeps_its_context_and_others_theirs() {
    let runtime = two_workers();
    let work = |n| async move {
        USER.set("own");
        let inside = block_in_place(|| {
            COUNT.set(COUNT.get() + 1);
            Handle::current().block_on(async {
                let child = tokio::spawn(async { (USER.get(), COUNT.get()) });
                child.await.unwrap()
            })
        });
        yield_now().await;
        assert_eq!(inside, ("own", n + 1));
        assert_eq!((USER.get(), COUNT.get()), ("own", n + 1));
    };
    let spawn = |n| COUNT.sync_scope(n, || runtime.spawn(work(n)));
    for task in (0..200).map(spawn).collect::<Vec<_>>() {
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn runtime_inside_a_task_of_a_runtime() {
    fn nested(depth: u32) -> Vec<u32> {
        let runtime = match depth % 2 {
            0 => one_thread(),
            _ => two_workers(),
        };
        let work = async move {
            let mut seen = vec![COUNT.get()];
            if depth > 0 {
                seen.extend(block_anywhere(|| nested(depth - 1)));
            }
            yield_now().await;
            seen.push(COUNT.get());
            seen
        };
        let inner = COUNT.sync_scope(depth, || runtime.spawn(work));
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
        let flavor = Handle::current().runtime_flavor();
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
        let panicking = async { tokio::spawn(async { panic!() }).await.unwrap() };
        panic_of(|| runtime.block_on(panicking));
        assert_eq!(USER.get(), "outer");
    });
    assert!(!USER.is_set());
}

#[test]
fn one_builder_builds_two_runtimes_that_inherit() {
    let mut builder = builder(1);
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
