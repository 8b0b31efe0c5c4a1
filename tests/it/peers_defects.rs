//! Defects that other systems have or had, each absent here.
//!
//! Names of systems are left out: what matters is the symptom.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use context_vars::{
    Context, ContextStreamExt, context_var, inherit, inherit_fn, isolated, prelude::*, task,
};
use futures::stream::{self, StreamExt};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Alive, DropHook, OnDrop, Tracked, on_drop, panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static REQUEST_ID: u32;
    static TENANT: u32;
    static TEXT: String;
    static TRACKED: Tracked;
    static HOOK: DropHook;
    #[no_inherit]
    static LOCAL_HOOK: DropHook;
    static FRAGILE: Fragile;
    static NOTE: &str;
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn panic_in_a_poll_does_not_leak_the_context_to_the_next_task() {
    for runtime in [one_thread(), two_workers()] {
        runtime.block_on(async {
            for _ in 0..20 {
                let panics = tokio::spawn(USER.scope("alice", async {
                    drop(REQUEST_ID.set(7));
                    tokio::task::yield_now().await;
                    panic!("in poll");
                }));
                let next = tokio::spawn(async { (USER.get(), REQUEST_ID.is_set()) });
                assert!(panics.await.unwrap_err().is_panic());
                assert_eq!(next.await.unwrap(), ("anonymous", false));
                let later = tokio::spawn(async { (USER.get(), REQUEST_ID.is_set()) });
                assert_eq!(later.await.unwrap(), ("anonymous", false));
            }
        });
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

#[test]
fn nested_scopes_keep_every_outer_variable_in_whatever_order_they_were_built() {
    type Wrap<T> = fn(Boxed<T>) -> Boxed<T>;
    let wraps: [Wrap<_>; 3] = [
        |future| Box::pin(USER.scope("alice", future)),
        |future| Box::pin(REQUEST_ID.scope(7, future)),
        |future| Box::pin(TENANT.scope(1, future)),
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        // Built here, inside another scope, and polled there, one poll inside yet another.
        let mut future: Boxed<_> = Box::pin(async {
            yield_once().await;
            (USER.get(), REQUEST_ID.get(), TENANT.get(), NOTE.get())
        });
        USER.sync_scope("where it was built", || {
            for wrap in order {
                future = wraps[wrap](std::mem::replace(
                    &mut future,
                    Box::pin(std::future::pending()),
                ));
            }
        });
        let first = NOTE.sync_scope("at the first poll", || poll_once(future.as_mut()));
        assert!(first.is_pending());
        let second = NOTE.sync_scope("at the second", || poll_once(future.as_mut()));
        assert_eq!(second, Poll::Ready(("alice", 7, 1, "at the first poll")));
    }
}

type Destructor = OnDrop<Box<dyn FnMut()>>;

thread_local! {
    static AT_END: RefCell<Option<Destructor>> = const { RefCell::new(None) };
}

#[test]
fn thread_that_ends_does_not_abort_the_process() {
    for ours_first in [true, false] {
        let alive = Alive::default();
        let there = alive.clone();
        let thread = std::thread::spawn(move || {
            let register = || {
                let alive = there.clone();
                let at_end: Box<dyn FnMut()> = Box::new(move || {
                    // Still set, or gone with the root already.
                    let _read = (TEXT.try_get(), TEXT.get_or("fallback".to_owned()));
                    drop(TRACKED.set(alive.track()));
                    USER.sync_scope("at the end", || assert_eq!(USER.get(), "at the end"));
                    drop(Context::current().with_value(&TRACKED, alive.track()));
                });
                AT_END.with_borrow_mut(|slot| *slot = Some(OnDrop(at_end)));
            };
            if !ours_first {
                register();
            }
            drop(TRACKED.set(there.track()));
            drop(HOOK.set(on_drop(|| {
                panic!("a value of the root, at the end of its thread")
            })));
            drop(LOCAL_HOOK.set(on_drop(|| panic!("another"))));
            drop(TEXT.set("set".to_owned()));
            if ours_first {
                register();
            }
        });
        assert!(thread.join().is_ok(), "ours first: {ours_first}");
        assert_eq!(alive.count(), 0, "ours first: {ours_first}");
    }
}

#[test]
fn set_inside_a_read_does_not_panic() {
    isolated(|| {
        drop(TEXT.set("first".to_owned()));
        TEXT.with(|first| {
            let token = TEXT.set("second".to_owned());
            TEXT.with(|second| {
                drop(TEXT.set("third".to_owned()));
                TEXT.sync_scope("fourth".to_owned(), || {
                    assert_eq!((first.as_str(), second.as_str()), ("first", "second"));
                    assert_eq!(TEXT.get(), "fourth");
                });
            });
            TEXT.reset(token).unwrap();
            assert_eq!(TEXT.with(String::clone), *first);
        });
        assert_eq!(TEXT.get(), "first");
    });
}

/// A use after free of ours, found by the model.
#[test]
fn token_dropped_on_another_thread_keeps_the_value_that_is_being_read() {
    isolated(|| {
        drop(TEXT.set("long enough to be on the heap, and then gone".to_owned()));
        TEXT.with(|text| {
            let token = TEXT.set("second".to_owned());
            std::thread::spawn(move || drop(token)).join().unwrap();
            assert_eq!(text, "long enough to be on the heap, and then gone");
        });
    });
}

/// Its clone panics while this is 0.
static WHOLE: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, PartialEq)]
struct Fragile(u32);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(WHOLE.load(Ordering::SeqCst) > 0, "clone");
        Self(self.0)
    }
}

#[test]
fn clone_that_panics_does_not_poison_later_reads() {
    FRAGILE.sync_scope(Fragile(1), || {
        for read in [|| FRAGILE.get(), || FRAGILE.get_or(Fragile(2))] {
            assert_eq!(panic_of(read), "clone");
            assert_eq!(FRAGILE.with(|fragile| fragile.0), 1);
        }
        WHOLE.store(1, Ordering::SeqCst);
        assert_eq!(FRAGILE.get(), Fragile(1));
        drop(FRAGILE.set(Fragile(3)));
        assert_eq!(FRAGILE.try_get(), Ok(Fragile(3)));
    });
    assert!(!FRAGILE.is_set());
}

#[test]
fn future_is_never_dropped_outside_its_context() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = |how| {
        let seen = seen.clone();
        OnDrop(move || seen.lock().unwrap().push((how, USER.get())))
    };
    let alice = || Context::new().with_value(&USER, "alice");
    USER.sync_scope("outside", || {
        let done = witness("done");
        let mut future = Box::pin(async move { drop(done) }.in_context(alice()));
        assert!(poll_once(future.as_mut()).is_ready());

        let cancelled = witness("cancelled");
        let mut future = Box::pin(USER.scope("alice", async move {
            let _cancelled = cancelled;
            yield_once().await;
        }));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);

        let never = witness("never polled");
        drop(async move { drop(never) }.in_context(alice()));

        let panics = witness("panics");
        let mut future = Box::pin(USER.scope("alice", async move {
            let _panics = panics;
            panic!("in poll")
        }));
        panic_of(|| poll_once::<dyn Future<Output = ()>>(future.as_mut()));

        let elsewhere = witness("on another thread");
        let mut future = Box::pin(USER.scope("alice", async move {
            let _elsewhere = elsewhere;
            yield_once().await;
        }));
        assert!(poll_once(future.as_mut()).is_pending());
        std::thread::spawn(move || drop(future)).join().unwrap();
    });
    let hows = [
        "done",
        "cancelled",
        "never polled",
        "panics",
        "on another thread",
    ];
    assert_eq!(*seen.lock().unwrap(), hows.map(|how| (how, "alice")));
}

#[test]
fn scope_around_block_on_reaches_the_tasks_that_inherit_on_every_runtime() {
    // R13: what a bare task sees is its poller's context. On a runtime of one thread that is
    // whoever blocks on it, here the scope; on workers it is an empty one. Nobody may rely on it,
    // and nobody needs to: what inherits sees the same on both.
    for (runtime, bare_sees) in [(one_thread(), "around"), (two_workers(), "anonymous")] {
        let seen = USER.sync_scope("around", || {
            runtime.block_on(async {
                let inherits = task::spawn(async { USER.get() });
                let scoped = tokio::spawn(USER.scope("own", async { USER.get() }));
                let isolated = tokio::spawn(async { USER.get() }.in_context(Context::new()));
                let bare = tokio::spawn(async { USER.get() });
                let (inherits, scoped) = (inherits.await.unwrap(), scoped.await.unwrap());
                (
                    inherits,
                    scoped,
                    isolated.await.unwrap(),
                    bare.await.unwrap(),
                )
            })
        });
        assert_eq!(seen, ("around", "own", "anonymous", bare_sees));
        assert_eq!(USER.get(), "anonymous");
    }
}

#[test]
fn job_stolen_by_a_thread_that_waits_inside_a_context_sees_its_own() {
    // A worker that waits in `join` takes whatever is queued, with its own context current. What
    // is wrapped does not care; `pools.rs` has more.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    let wrong = Arc::new(AtomicUsize::new(0));
    pool.scope(|scope| {
        for id in 0..500 {
            let wrong = wrong.clone();
            let job = REQUEST_ID.sync_scope(id, || {
                inherit(move || {
                    let check = inherit_fn(move |()| usize::from(REQUEST_ID.get() != id));
                    let (a, b) = rayon::join(|| check(()), || check(()));
                    let after = usize::from(REQUEST_ID.get() != id);
                    wrong.fetch_add(a + b + after, Ordering::SeqCst);
                })
            });
            scope.spawn(move |_| job());
        }
    });
    assert_eq!(wrong.load(Ordering::SeqCst), 0);
}

#[test]
fn stream_that_is_drained_outside_its_scope_sees_its_own() {
    let steps = || stream::iter(0..3).map(|n| (n, USER.get()));
    let (wrapped, bare) = USER.sync_scope("producer", || {
        (ContextStreamExt::inherit_context(steps()), steps())
    });
    let drained = futures::executor::block_on(wrapped.collect::<Vec<_>>());
    assert_eq!(drained, [(0, "producer"), (1, "producer"), (2, "producer")]);
    // What is not wrapped follows its consumer, as a plain await does (R13).
    let mut bare = pin!(bare);
    let first = USER.sync_scope("consumer", || poll_once(pin!(bare.next())));
    assert_eq!(first, Poll::Ready(Some((0, "consumer"))));
}

// ---- a value whose `Drop` reads, sets or panics, wherever a value can be dropped ----

#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Reads,
    Sets,
    Panics,
}

impl Does {
    fn hook(self, dropped: &Arc<AtomicUsize>) -> DropHook {
        let dropped = dropped.clone();
        on_drop(move || {
            dropped.fetch_add(1, Ordering::SeqCst);
            match self {
                Self::Reads => {
                    let _read = (USER.get(), REQUEST_ID.try_get(), HOOK.is_set());
                    assert!(Context::current().len() < 10);
                }
                Self::Sets => {
                    drop(NOTE.set("set by a drop"));
                    drop(HOOK.set(on_drop(|| ())));
                    HOOK.sync_scope(on_drop(|| ()), || drop(NOTE.set("in a scope")));
                }
                Self::Panics => panic!("bomb"),
            }
        })
    }
}

/// A way for a value to go, and whether a panic of its `Drop` reaches the one who lets it go.
type Way = (&'static str, bool, fn(DropHook));

#[with_context(hook = hook)]
fn with_attribute(hook: DropHook) {
    drop(Context::current());
}

#[with_context(hook = hook)]
async fn async_with_attribute(hook: DropHook) {
    yield_once().await;
}

const WAYS: [Way; 30] = [
    ("end of a scope", true, |hook| HOOK.sync_scope(hook, || ())),
    ("end of a scope after an error", true, |hook| {
        let _failed: Result<(), ()> = HOOK.sync_scope(hook, || Err(()));
    }),
    ("end of a scope by a panic", true, |hook| {
        HOOK.sync_scope(hook, || panic!("bomb"))
    }),
    ("end of a scope that copied", true, |hook| {
        HOOK.sync_scope(hook, || drop(Context::current()));
    }),
    ("set over it", true, |hook| {
        drop(HOOK.set(hook));
        drop(HOOK.set(on_drop(|| ())));
    }),
    ("set over it inside a read of it", true, |hook| {
        drop(HOOK.set(hook));
        HOOK.with(|_| drop(HOOK.set(on_drop(|| ()))));
    }),
    ("reset", true, |hook| HOOK.set(hook).reset().unwrap()),
    ("token", true, |hook| {
        drop(HOOK.set(hook));
        let token = HOOK.set(on_drop(|| ()));
        drop(token);
    }),
    ("token that is refused", true, |hook| {
        drop(HOOK.set(hook));
        let token = HOOK.set(on_drop(|| ()));
        drop(isolated(|| token.reset()).unwrap_err());
    }),
    ("copy of a context", true, |hook| {
        let copy = HOOK.sync_scope(hook, Context::current);
        drop(copy);
    }),
    ("context that was run", true, |hook| {
        let mut context = Context::new();
        context.run(|| drop(HOOK.set(hook)));
        drop(context);
    }),
    ("with_value over it", true, |hook| {
        let context = Context::new().with_value(&HOOK, hook);
        drop(context.with_value(&HOOK, on_drop(|| ())));
    }),
    ("without", true, |hook| {
        drop(Context::new().with_value(&HOOK, hook).without(&HOOK));
    }),
    ("isolated block", true, |hook| {
        isolated(|| drop(HOOK.set(hook)))
    }),
    ("future that is done", true, |hook| {
        assert!(poll_once(pin!(HOOK.scope(hook, async {}))).is_ready());
    }),
    ("future that is cancelled", true, |hook| {
        let mut future = Box::pin(HOOK.scope(hook, std::future::pending::<()>()));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
    }),
    ("future that was never polled", true, |hook| {
        drop(HOOK.scope(hook, async {}))
    }),
    ("future that panics", true, |hook| {
        let mut future = Box::pin(HOOK.scope(hook, async { panic!("bomb") }));
        let _polled: Poll<()> = poll_once(future.as_mut());
    }),
    ("future inside a future", true, |hook| {
        let inner = HOOK.scope(hook, yield_once());
        let mut outer = Box::pin(USER.scope("outer future", inner.inherit_context()));
        assert!(poll_once(outer.as_mut()).is_pending());
        drop(outer);
    }),
    ("closure that is called", true, |hook| {
        let closure = HOOK.sync_scope(hook, || inherit(|| ()));
        closure();
    }),
    ("closure that is not called", true, |hook| {
        drop(HOOK.sync_scope(hook, || inherit(|| ())));
    }),
    ("iterator that is not drained", true, |hook| {
        let mut steps = HOOK.sync_scope(hook, || (0..3).inherit_context());
        assert_eq!(steps.next(), Some(0));
    }),
    ("stream that is not drained", true, |hook| {
        let steps = || ContextStreamExt::inherit_context(stream::iter(0..3));
        let mut steps = Box::pin(HOOK.sync_scope(hook, steps));
        assert_eq!(poll_once(pin!(steps.next())), Poll::Ready(Some(0)));
    }),
    ("function with the attribute", true, with_attribute),
    ("async function with the attribute", true, |hook| {
        assert!(poll_once(pin!(async_with_attribute(hook))).is_pending());
    }),
    ("task that is aborted", false, |hook| {
        one_thread().block_on(async {
            let task = tokio::spawn(HOOK.scope(hook, std::future::pending::<()>()));
            tokio::task::yield_now().await;
            task.abort();
            assert!(task.await.is_err());
        });
    }),
    ("runtime that is shut down", false, |hook| {
        let runtime = one_thread();
        runtime.spawn(HOOK.scope(hook, std::future::pending::<()>()));
        runtime.block_on(tokio::task::yield_now());
        drop(runtime);
    }),
    ("variable that is not inherited", true, |hook| {
        LOCAL_HOOK.sync_scope(hook, || drop(Context::current()));
    }),
    ("end of a thread", false, |hook| {
        let thread = std::thread::spawn(move || drop(HOOK.set(hook)));
        assert!(thread.join().is_ok());
    }),
    ("another thread", false, |hook| {
        let context = Context::new().with_value(&HOOK, hook);
        let _panicked = std::thread::spawn(move || drop(context)).join();
    }),
];

#[test]
fn value_may_read_set_or_panic_on_every_path_by_which_it_goes() {
    for does in [Does::Reads, Does::Sets, Does::Panics] {
        for (way, reaches_us, go) in WAYS {
            let (alive, dropped) = (Alive::default(), Arc::default());
            isolated(|| {
                drop(USER.set("outer"));
                drop(TRACKED.set(alive.track()));
                let hook = does.hook(&dropped);
                let gone = catch_unwind(AssertUnwindSafe(|| go(hook)));
                let panics = way.contains("panic") || (does == Does::Panics && reaches_us);
                assert_eq!(gone.is_err(), panics, "{does:?}, {way}");
                let seen = (USER.get(), alive.count(), dropped.load(Ordering::SeqCst));
                assert_eq!(seen, ("outer", 1, 1), "{does:?}, {way}");
                drop(USER.set("still usable"));
                HOOK.sync_scope(on_drop(|| ()), || assert_eq!(USER.get(), "still usable"));
            });
            assert_eq!(alive.count(), 0, "{does:?}, {way}");
        }
    }
}

/// Two threads compute the default at once; this is how often that one which came too late went.
static LATE: AtomicUsize = AtomicUsize::new(0);
static BOTH_COMPUTE: std::sync::Barrier = std::sync::Barrier::new(2);

context_var! {
    static RACED: DropHook = {
        BOTH_COMPUTE.wait();
        on_drop(|| {
            LATE.fetch_add(1, Ordering::SeqCst);
            let _read = (USER.get(), REQUEST_ID.try_get());
            drop(NOTE.set("set by a default that came too late"));
            panic!("too late")
        })
    };
}

#[test]
fn default_that_came_too_late_may_read_set_and_panic_when_it_goes() {
    let read = || {
        isolated(|| {
            let first = catch_unwind(|| RACED.with(|_| ()));
            let note = NOTE.try_get().ok();
            // Whoever lost the race gets the other's from now on.
            RACED.with(|_| ());
            (first.is_err(), note)
        })
    };
    let other = std::thread::spawn(read);
    let mut both = [read(), other.join().unwrap()];
    both.sort_unstable();
    let dropped = Some("set by a default that came too late");
    assert_eq!(both, [(false, None), (true, dropped)]);
    assert_eq!(LATE.load(Ordering::SeqCst), 1, "the one that is kept stays");
}
