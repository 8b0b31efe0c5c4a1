//! The ways through the crate.

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::thread;

use context_vars::{
    Context, ContextVar, context_var, inherit, inherit_context, inherit_fn, prelude::*, task,
    with_context,
};
use futures::stream::{StreamExt, iter};
use tokio::task::yield_now;

use crate::hook::{Canary, read_all, refusable};

/// Runs inside every surrounding, also on a separate thread.
pub type Path = fn();

context_var! {
    static NUMBER: u64;
    static TEXT: String;
    static TRACKED: Canary;
    static BY_DROP: String;
    static BY_DROP_SPILLED: String;
    #[no_inherit]
    static BY_DROP_HERE: String;
    #[no_inherit]
    static HERE: String;
}

macro_rules! many {
    ($many:ident: $($name:ident)*) => {
        context_var! { $(static $name: String;)* }
        static $many: &[&ContextVar<String>] = &[$(&$name),*];
    };
}

macro_rules! many_local {
    ($many:ident: $($name:ident)*) => {
        context_var! { $(#[no_inherit] static $name: String;)* }
        static $many: &[&ContextVar<String>] = &[$(&$name),*];
    };
}

// Their ids are beyond the inline slots, because the allocator has taken those.
many! { MANY: M0 M1 M2 M3 M4 M5 M6 M7 M8 M9 MA MB MC MD ME MF N0 N1 N2 N3 }
many_local! { MANY_HERE: H0 H1 H2 H3 H4 H5 H6 H7 H8 H9 HA HB HC HD HE HF I0 I1 }

/// Gives the variables that need inline slots their ids.
pub fn set_inline() {
    NUMBER.set(0);
    TEXT.set(String::new());
    TRACKED.set(Canary::new(0));
    HERE.set(String::new());
    BY_DROP.set(String::new());
}

fn text(n: usize) -> String {
    format!("a text that is long enough to be seen {n}")
}

#[track_caller]
fn read(var: &'static ContextVar<String>, n: usize) {
    var.with(|value| assert_eq!(*value, text(n)));
    read_all();
}

/// Allocates a node and a value, and frees them.
pub fn one_context() {
    drop(Context::new().with_value(&NUMBER, 1));
}

pub fn scopes_of_one_variable() {
    NUMBER.sync_scope(1, || assert_eq!(NUMBER.get(), 1));
    TEXT.sync_scope(text(1), || {
        read(&TEXT, 1);
        TEXT.sync_scope(text(2), || read(&TEXT, 2));
        NUMBER.sync_scope(2, || {
            TRACKED.sync_scope(Canary::new(3), || read(&TEXT, 1));
            read(&TEXT, 1);
        });
        read(&TEXT, 1);
    });
}

/// Sets all of `variables` in scopes inside each other.
fn nest(variables: &'static [&'static ContextVar<String>], n: usize) {
    let Some((var, others)) = variables.split_first() else {
        return read_all();
    };
    var.sync_scope(text(n), || {
        nest(others, n + 1);
        read(var, n);
        var.set(text(n + 100));
        read(var, n + 100);
    });
}

pub fn scopes_of_the_sixteenth_variable_and_later_ones() {
    M0.sync_scope(text(0), || read(&M0, 0));
    nest(MANY, 0);
}

pub fn scopes_of_variables_that_do_not_inherit() {
    HERE.sync_scope(text(0), || {
        read(&HERE, 0);
        TEXT.sync_scope(text(1), || read(&HERE, 0));
        M0.sync_scope(text(2), || {
            read(&HERE, 0);
            assert!(!Context::current().contains(&HERE));
        });
        read(&HERE, 0);
    });
    nest(MANY_HERE, 0);
}

#[with_context(NUMBER = n, TEXT = text(1), HERE = text(2), M1 = text(3), H1 = text(4))]
fn with_five(n: u64) {
    assert_eq!(NUMBER.get(), n);
    read(&TEXT, 1);
    read(&HERE, 2);
    read(&M1, 3);
    read(&H1, 4);
    if n > 0 {
        with_five(n - 1);
    }
    read(&M1, 3);
}

#[with_context]
fn sets_nothing() {
    set_and_reset();
}

#[with_context(TEXT = text(1), M1 = text(2))]
async fn with_two() {
    read(&TEXT, 1);
    ready(()).await;
    M1.set(text(3));
    read(&M1, 3);
}

pub fn scopes_by_attribute() {
    with_five(2);
    sets_nothing();
    finish(pin!(with_two()));
}

pub fn scopes_that_unwind() {
    for var in [&TEXT, &M0, &HERE, &H0] {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            var.sync_scope(text(0), || {
                var.set(text(1));
                // Not `panic!`, which would be reported.
                std::panic::resume_unwind(Box::new(text(2)));
            })
        }));
        assert_eq!(*unwound.unwrap_err().downcast::<String>().unwrap(), text(2));
        read_all();
    }
}

pub fn set_and_reset() {
    for var in [&TEXT, &M0, &HERE, &H0] {
        var.sync_scope(text(0), || {
            let first = var.set(text(1));
            let second = var.set(text(2));
            read(var, 2);
            assert_eq!(second.old_value(), Some(&text(1)));
            first.reset().unwrap();
            read(var, 0);
            second.reset().unwrap();
            read(var, 1);
        });
    }
}

pub fn set_in_a_tree_that_grows() {
    let mut context = Context::current();
    context.run(|| {
        for variables in [MANY, MANY_HERE] {
            for (n, var) in variables.iter().enumerate() {
                let shared = Context::current();
                var.set(text(n));
                let token = var.set(text(n + 1));
                read(var, n + 1);
                token.reset().unwrap();
                drop(shared);
            }
            for (n, var) in variables.iter().enumerate() {
                read(var, n);
            }
        }
    });
    for (n, var) in MANY.iter().enumerate() {
        assert_eq!(context.get(var), Some(&text(n)));
    }
}

pub fn reads_during_which_everything_changes() {
    for var in [&TEXT, &M0, &HERE, &H0] {
        var.sync_scope(text(0), || {
            var.with(|value| {
                var.set(text(1));
                set_in_a_tree_that_grows();
                drop(Context::current());
                let inner = var.with(|inner| {
                    var.set(text(2));
                    inner.clone()
                });
                assert_eq!((value, inner), (&text(0), text(1)));
            });
        });
    }
}

macro_rules! defaulted {
    ($all:ident: $($name:ident)*) => {
        context_var! {
            $(static $name: String = {
                TEXT.set(text(8));
                nest(MANY, 0);
                INNER.with(Clone::clone)
            };)*
        }
        static $all: &[&ContextVar<String>] = &[$(&$name),*];
    };
}

context_var! {
    static INNER: String = text(9);
}

defaulted! { DEFAULTED: D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 DA DB DC DD DE DF }

pub fn defaults() {
    // One is computed in each surrounding, and some on two threads at once.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed) % DEFAULTED.len();
    let there = thread::spawn(move || read(DEFAULTED[next], 9));
    read(DEFAULTED[next], 9);
    there.join().unwrap();
    DEFAULTED[next].sync_scope(text(1), || read(DEFAULTED[next], 1));
}

pub fn snapshots() {
    TEXT.sync_scope(text(0), || {
        let mut before = Context::current();
        M0.sync_scope(text(1), || {
            HERE.sync_scope(text(2), || {
                let mut inside = Context::current();
                TEXT.set(text(3));
                M0.set(text(4));
                let copy = inside.clone();
                inside.run(|| {
                    read(&TEXT, 0);
                    M0.set(text(5));
                });
                assert_eq!(inside.get(&M0), Some(&text(5)));
                assert_eq!(copy.get(&M0), Some(&text(1)));
                thread::spawn(move || drop((inside, copy))).join().unwrap();
                read(&TEXT, 3);
            });
        });
        before.run(|| read(&TEXT, 0));
        assert!(!before.contains(&M0));
    });
}

pub fn contexts_that_are_built() {
    let mut context = Context::current();
    for (n, var) in MANY.iter().chain(MANY_HERE).enumerate() {
        context = context.with_value(var, text(n));
    }
    let copy = context.clone().without(&M0).without(&H0);
    assert_eq!(context.get(&M3), Some(&text(3)));
    assert!(context.contains(&H0) && !copy.contains(&H0));
    let listed = context.iter().filter(|entry| !entry.name().is_empty());
    assert_eq!(listed.count(), context.len());
    assert!(format!("{copy:?}").contains("M3"));
    drop(context);
    assert_eq!(copy.get(&M3), Some(&text(3)));
}

pub fn contexts_that_run() {
    let mut context = Context::new().with_value(&TEXT, text(0));
    for n in 0..3 {
        context.run(|| {
            read(&TEXT, n);
            let token = TEXT.set(text(n + 1));
            HERE.set(text(n));
            nest(&MANY[..3], n);
            Context::current().run(|| TEXT.sync_scope(text(7), || read(&TEXT, 7)));
            read(&TEXT, n + 1);
            assert!(TEXT.reset(token).is_ok());
            TEXT.set(text(n + 1));
        });
    }
    assert_eq!(context.get(&HERE), Some(&text(2)));
}

/// Polls once, with a waker that does nothing.
pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

fn finish<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
        // Between two polls everything may change.
        read_all();
    }
}

/// Sets everything, in steps.
async fn steps() {
    for var in [&TEXT, &M0, &M9] {
        let token = var.set(text(1));
        yield_now().await;
        read(var, 1);
        let inner = async {
            yield_now().await;
            read(var, 2);
            var.sync_scope(text(3), || read(var, 3));
        };
        var.scope(text(2), inner).await;
        token.reset().unwrap();
    }
    HERE.scope(text(4), H0.scope(text(5), yield_now())).await;
    read_all();
}

pub fn futures_that_are_polled() {
    finish(pin!(steps().inherit_context()));
    finish(pin!(TEXT.scope(text(0), steps())));
    finish(pin!(M0.scope(text(0), HERE.scope(text(1), steps()))));
    finish(pin!(Box::pin(steps().in_context(Context::new()))));
}

pub fn futures_that_are_dropped_half_way() {
    for polls in 0..4 {
        let mut work = pin!(M0.scope(text(0), TEXT.scope(text(1), steps())));
        for _ in 0..polls {
            assert!(poll(work.as_mut()).is_pending());
        }
    }
    let held = async {
        let _inside = Canary::new(1);
        TRACKED.set(Canary::new(2));
        pending::<()>().await;
    };
    let mut held = Box::pin(held.inherit_context());
    assert!(poll(held.as_mut()).is_pending());
    thread::spawn(move || drop(held)).join().unwrap();
}

pub fn streams() {
    let numbers = iter(0..4).inherit_context();
    assert_eq!(finish(pin!(numbers.fold(0, async |sum, n| sum + n))), 6);
    let step = || {
        M0.set(text(1));
        TEXT.with(String::len)
    };
    let steps = TEXT.sync_scope(text(0), || std::iter::repeat_with(step).inherit_context());
    assert!(steps.take(3).all(|length| length == text(0).len()));
}

pub fn inherited_work() {
    TEXT.sync_scope(text(0), || {
        M0.sync_scope(text(1), || {
            let once = inherit(|| {
                read(&TEXT, 0);
                M0.set(text(2));
                read(&M0, 2);
            });
            let often = inherit_fn(|()| {
                read(&M0, 1);
                M0.set(text(3));
            });
            drop((TEXT.set(text(4)), M0.set(text(5))));
            once();
            thread::scope(|threads| {
                threads.spawn(|| often(()));
                threads.spawn(|| often(()));
            });
        });
    });
}

#[inherit_context]
fn spawn_two() -> [thread::JoinHandle<()>; 2] {
    let sets_many = || MANY.iter().for_each(|var| drop(var.set(text(2))));
    [
        thread::spawn(move || {
            read(&TEXT, 0);
            TEXT.set(text(1));
        }),
        thread::spawn(sets_many),
    ]
}

pub fn threads_that_end() {
    let bare = thread::spawn(|| {
        drop((
            TEXT.set(text(0)),
            HERE.set(text(1)),
            TRACKED.set(Canary::new(2)),
        ));
        for var in MANY.iter().chain(MANY_HERE) {
            var.set(text(3));
        }
    });
    let inheriting = TEXT.sync_scope(text(0), spawn_two);
    let token = thread::spawn(|| M0.set(text(0))).join().unwrap();
    drop(token.reset());
    bare.join().unwrap();
    for thread in inheriting {
        thread.join().unwrap();
    }
}

pub fn tasks() {
    let work = async {
        let tasks = (0..4).map(|n| TEXT.sync_scope(text(n), || task::spawn(steps())));
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let blocking = task::spawn_blocking(scopes_of_one_variable);
        // Bare: what the allocator sets there is refused.
        let bare = tokio::spawn(TEXT.scope(text(0), yield_twice()));
        bare.await.unwrap();
        blocking.await.unwrap();
    };
    // Not on this thread: some surroundings are a task's, which must not block.
    let run = move || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).build().unwrap();
        runtime.block_on(work.inherit_context());
    };
    thread::spawn(run).join().unwrap();
}

async fn yield_twice() {
    yield_now().await;
    yield_now().await;
    read_all();
}

/// Sets when it is dropped, which may be anywhere: the allocator keeps copies of contexts. So it
/// sets variables that no other path reads.
struct SetsOnDrop;

impl Drop for SetsOnDrop {
    fn drop(&mut self) {
        drop(refusable(|| BY_DROP.set(text(6))));
        drop(refusable(|| BY_DROP_SPILLED.set(text(7))));
        drop(refusable(|| BY_DROP_HERE.set(text(8))));
        BY_DROP.sync_scope(text(9), || read(&BY_DROP, 9));
        drop(Context::current());
    }
}

context_var! {
    static SETTING: SetsOnDrop;
    #[no_inherit]
    static SETTING_HERE: SetsOnDrop;
}

pub fn values_that_set_when_they_are_dropped() {
    for var in [&SETTING, &SETTING_HERE] {
        var.sync_scope(SetsOnDrop, || {
            var.set(SetsOnDrop);
            let token = var.set(SetsOnDrop);
            drop(Context::current());
            token.reset().unwrap();
            TEXT.sync_scope(text(0), || drop(var.set(SetsOnDrop)));
        });
        let mut context = Context::current().with_value(var, SetsOnDrop);
        context.run(|| drop(var.set(SetsOnDrop)));
        drop(context);
        read_all();
    }
}

macro_rules! never_set {
    ($($name:ident)*) => {
        context_var! { $(static $name: String;)* }

        /// Sets variables that no context had before.
        pub fn first_sets() {
            $($name.sync_scope(text(1), || read(&$name, 1));)*
        }
    };
}

never_set! { F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 FA FB FC FD FE FF G0 G1 G2 G3 G4 G5 G6 G7 }

pub fn attached_contexts() {
    let guard = Context::current().with_value(&TEXT, text(1)).attach();
    HERE.set(text(2));
    let inner = Context::new().attach();
    TEXT.unset();
    drop(guard);
    TEXT.sync_scope(text(3), || {
        drop(inner);
        drop(Context::current().attach());
        assert_eq!(TEXT.get(), text(3));
    });
    let kept = Context::current().with_value(&TEXT, text(4)).attach();
    assert_eq!(kept.detach().get(&TEXT), Some(&text(4)));
}

pub fn messages_and_contexts_that_are_kept() {
    let message = TEXT.sync_scope(text(1), || text(2).inherit_context());
    let opened = message.clone().run(|message| (message, TEXT.get()));
    assert_eq!(opened, (text(2), text(1)));
    drop(message);
    let mut context = Context::new().with_value(&TEXT, text(3));
    let work = context.run_async(async { drop(TEXT.set(text(4))) });
    assert!(poll(pin!(work)).is_ready());
}
