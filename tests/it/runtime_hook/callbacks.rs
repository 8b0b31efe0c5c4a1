//! The user's own callbacks.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use context_vars::task::InheritingBuilder;
use context_vars::{Attached, Context};
use tokio::runtime::TaskMeta;
use tokio::task::yield_now;

use super::{COUNT, builder, inheriting, user};
use crate::support::{USER, as_alice, panic_of, soon};

#[test]
fn own_callbacks_are_taken_along_and_called_in_context() {
    type Log = Arc<Mutex<Vec<(&'static str, &'static str)>>>;
    let log = Log::default();
    let note = |what: &'static str| {
        let log = log.clone();
        move |_: &TaskMeta<'_>| log.lock().unwrap().push((what, USER.get()))
    };
    let mut builder = builder(0);
    let runtime = InheritingBuilder::new(&mut builder)
        .on_task_spawn(note("spawn"))
        .on_before_task_poll(note("before"))
        .on_after_task_poll(note("after"))
        .on_task_terminate(note("end"))
        .build()
        .unwrap();
    let take = || std::mem::take(&mut *log.lock().unwrap());
    async fn sets() {
        USER.set("first poll");
        yield_now().await;
        USER.set("second poll");
    }
    let spawn = || as_alice(|| runtime.spawn(sets()));
    runtime.block_on(spawn()).unwrap();
    let expected = [
        ("spawn", "alice"),
        ("before", "alice"),
        ("after", "first poll"),
        ("before", "first poll"),
        ("end", "second poll"),
        ("after", "second poll"),
    ];
    assert_eq!(take(), expected);
    // Ended by the shutdown, without a poll.
    let never_polled = spawn();
    drop(runtime);
    assert_eq!(take(), [("spawn", "alice"), ("end", "alice")]);
    drop(never_polled);

    // The builder is left with the callbacks, and with nothing of ours.
    let runtime = builder.build().unwrap();
    let bare = as_alice(|| runtime.spawn(async { USER.is_set() }));
    assert!(!runtime.block_on(bare).unwrap());
    let [before, end, after] = ["before", "end", "after"].map(|what| (what, "anonymous"));
    assert_eq!(take(), [("spawn", "alice"), before, end, after]);
}

#[test]
fn callbacks_may_set_in_the_context_of_the_task_between_its_polls_on_a_worker() {
    fn add(amount: u32) -> u32 {
        COUNT.set(COUNT.get() + amount);
        COUNT.get()
    }
    let (at_end, ends) = std::sync::mpsc::channel();
    let runtime = inheriting(1, |builder| {
        builder
            .on_before_task_poll(|_| _ = add(1))
            .on_after_task_poll(|_| _ = add(10))
            .on_task_terminate(move |_| at_end.send(add(100)).unwrap())
    });
    let work = async {
        yield_now().await;
        add(1000)
    };
    let task = COUNT.sync_scope(0, || runtime.spawn(work));
    assert_eq!(runtime.block_on(task).unwrap(), 1012);
    assert_eq!(soon(&ends), 1112);
}

thread_local! {
    static KEPT: RefCell<Option<Attached>> = const { RefCell::new(None) };
}

fn attach_and_keep(_: &TaskMeta<'_>) {
    let context = Context::current().with_value(&USER, "callback");
    KEPT.set(Some(context.attach()));
}

#[test]
fn task_may_set_under_what_its_callback_has_attached_and_when_that_has_ended() {
    for workers in [0, 2] {
        let runtime = inheriting(workers, |builder| {
            builder.on_before_task_poll(attach_and_keep)
        });
        let work = async {
            COUNT.set(2);
            let under = (USER.get(), COUNT.get());
            drop(KEPT.take());
            let own = (USER.is_set(), COUNT.get());
            COUNT.set(3);
            (under, own, COUNT.get())
        };
        let task = COUNT.sync_scope(1, || runtime.spawn(work));
        let seen = runtime.block_on(task).unwrap();
        assert_eq!(seen, (("callback", 2), (false, 1), 3), "{workers} workers");
    }
}

#[test]
fn callbacks_may_attach_before_a_poll_and_detach_after_it() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    let detach_and_note = move |_: &TaskMeta<'_>| {
        drop(KEPT.take());
        COUNT.set(COUNT.get() + 10);
        seen.lock().unwrap().push((USER.is_set(), COUNT.get()));
    };
    let runtime = inheriting(0, |builder| {
        let builder = builder.on_before_task_poll(attach_and_keep);
        builder.on_after_task_poll(detach_and_note)
    });
    let task = runtime.spawn(async {
        for _ in 0..2 {
            COUNT.set(COUNT.get() + 1);
            assert_eq!(USER.get(), "callback");
            yield_now().await;
        }
    });
    runtime.block_on(task).unwrap();
    drop(runtime);
    let expected = [10, 20, 30].map(|count| (false, count));
    assert_eq!(*log.lock().unwrap(), expected);
    assert!(!USER.is_set());
}

#[test]
fn callbacks_of_blocking_closures_and_unknown_tasks_run_outside() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    let runtime = inheriting(0, |builder| {
        builder.on_task_terminate(move |_| seen.lock().unwrap().push(USER.get()))
    });
    runtime.block_on(USER.scope("alice", async {
        for _ in 0..100 {
            tokio::task::spawn_blocking(|| ()).await.unwrap();
        }
    }));
    drop(runtime);
    assert_eq!(*log.lock().unwrap(), ["anonymous"; 100]);
}

#[test]
fn callback_that_panics_leaves_the_context_restored() {
    // On a runtime of one thread the panic comes out of `block_on`.
    for which in ["before", "after", "spawn"] {
        let armed = Arc::new(AtomicBool::new(true));
        let go_off = |here: &'static str| {
            let armed = armed.clone();
            move |_: &TaskMeta<'_>| {
                if here == which && armed.swap(false, Ordering::SeqCst) {
                    panic!("{here}");
                }
            }
        };
        let runtime = inheriting(0, |builder| {
            builder
                .on_task_spawn(go_off("spawn"))
                .on_before_task_poll(go_off("before"))
                .on_after_task_poll(go_off("after"))
        });
        let run = || runtime.block_on(async { as_alice(|| tokio::spawn(user())).await });
        USER.sync_scope("outer", || {
            assert_eq!(panic_of(run), which);
            assert_eq!((USER.get(), COUNT.is_set()), ("outer", false));
        });
        assert!(!USER.is_set());
        assert_eq!(run().unwrap(), "alice", "after {which}");
    }
}
