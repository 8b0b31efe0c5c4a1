//! Defects that other systems have or had, each absent here; most have their test in the module
//! of their subject. Here: a value whose `Drop` reads, sets or panics, wherever a value can be
//! dropped.
//!
//! Names of systems are left out: what matters is the symptom.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use context_vars::{Context, ContextExt, context_var, detached, inherit, prelude::*};
use futures::stream::{self, StreamExt};

use crate::support::{
    Alive, DropHook, HOOK, Meeting, TRACKED, USER, ended, on_drop, one_thread, poll_once,
    yield_once,
};

context_var! {
    #[no_inherit]
    static LOCAL_HOOK: DropHook;
    static NOTE: &str;
}

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
                    let _read = (USER.get(), NOTE.try_get(), HOOK.is_set());
                    assert!(Context::current().len() < 10);
                }
                Self::Sets => {
                    NOTE.set("set by a drop");
                    HOOK.set(on_drop(|| ()));
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

const WAYS: [Way; 31] = [
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
        HOOK.set(hook);
        HOOK.set(on_drop(|| ()));
    }),
    ("set over it inside a read of it", true, |hook| {
        HOOK.set(hook);
        HOOK.with(|_| drop(HOOK.set(on_drop(|| ()))));
    }),
    ("reset", true, |hook| HOOK.set(hook).reset().unwrap()),
    ("token", true, |hook| {
        HOOK.set(hook);
        drop(HOOK.set(on_drop(|| ())));
    }),
    ("token that is refused", true, |hook| {
        HOOK.set(hook);
        let token = HOOK.set(on_drop(|| ()));
        drop(detached(|| token.reset()).unwrap_err());
    }),
    ("context", true, |hook| {
        drop(Context::new().with_value(&HOOK, hook));
    }),
    ("copy of a context", true, |hook| {
        drop(HOOK.sync_scope(hook, Context::current));
    }),
    ("context that was run", true, |hook| {
        Context::new().run(|| drop(HOOK.set(hook)));
    }),
    ("with_value over it", true, |hook| {
        let context = Context::new().with_value(&HOOK, hook);
        drop(context.with_value(&HOOK, on_drop(|| ())));
    }),
    ("without", true, |hook| {
        drop(Context::new().with_value(&HOOK, hook).without(&HOOK));
    }),
    ("detached block", true, |hook| {
        detached(|| drop(HOOK.set(hook)))
    }),
    ("future that is done", true, |hook| {
        assert!(poll_once(pin!(HOOK.scope(hook, async {}))).is_ready());
    }),
    ("future that is cancelled", true, |hook| {
        assert!(poll_once(pin!(HOOK.scope(hook, pending::<()>()))).is_pending());
    }),
    ("future that was never polled", true, |hook| {
        drop(HOOK.scope(hook, async {}))
    }),
    ("future that panics", true, |hook| {
        let _: Poll<()> = poll_once(pin!(HOOK.scope(hook, async { panic!("bomb") })));
    }),
    ("future inside a future", true, |hook| {
        let inner = HOOK.scope(hook, yield_once());
        let outer = USER.scope("outer future", inner.inherit_context());
        assert!(poll_once(pin!(outer)).is_pending());
    }),
    ("closure that is called", true, |hook| {
        HOOK.sync_scope(hook, || inherit(|| ()))();
    }),
    ("closure that is not called", true, |hook| {
        drop(HOOK.sync_scope(hook, || inherit(|| ())));
    }),
    ("iterator that is not drained", true, |hook| {
        let mut steps = HOOK.sync_scope(hook, || (0..3).inherit_context());
        assert_eq!(steps.next(), Some(0));
    }),
    ("stream that is not drained", true, |hook| {
        let steps = || ContextExt::inherit_context(stream::iter(0..3));
        let mut steps = pin!(HOOK.sync_scope(hook, steps));
        assert_eq!(poll_once(pin!(steps.next())), Poll::Ready(Some(0)));
    }),
    ("function with the attribute", true, with_attribute),
    ("async function with the attribute", true, |hook| {
        assert!(poll_once(pin!(async_with_attribute(hook))).is_pending());
    }),
    ("task that is aborted", false, |hook| {
        one_thread().block_on(async {
            let task = tokio::spawn(HOOK.scope(hook, pending::<()>()));
            tokio::task::yield_now().await;
            task.abort();
            assert!(task.await.is_err());
        });
    }),
    ("runtime that is shut down", false, |hook| {
        let runtime = one_thread();
        runtime.spawn(HOOK.scope(hook, pending::<()>()));
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
    // case 187: a scope that fails releases its value once.
    // case 201: no callbacks run at a switch but the `Drop` of values. .NET kills the process,
    // CPython reports and goes on; here the panic is the caller's, afterwards.
    for does in [Does::Reads, Does::Sets, Does::Panics] {
        for (way, reaches_us, go) in WAYS {
            let (alive, dropped) = (Alive::default(), Arc::default());
            detached(|| {
                USER.set("outer");
                TRACKED.set(alive.track());
                let hook = does.hook(&dropped);
                let gone = catch_unwind(AssertUnwindSafe(|| go(hook)));
                let panics = way.contains("panic") || (does == Does::Panics && reaches_us);
                assert_eq!(gone.is_err(), panics, "{does:?}, {way}");
                let seen = (USER.get(), alive.count(), dropped.load(Ordering::SeqCst));
                assert_eq!(seen, ("outer", 1, 1), "{does:?}, {way}");
                USER.set("still usable");
                HOOK.sync_scope(on_drop(|| ()), || assert_eq!(USER.get(), "still usable"));
            });
            assert_eq!(alive.count(), 0, "{does:?}, {way}");
        }
    }
}

/// Two threads compute the default at once; this is how often that one which came too late went.
static LATE: AtomicUsize = AtomicUsize::new(0);
static BOTH_COMPUTE: Meeting = Meeting::new();

context_var! {
    static RACED: DropHook = {
        BOTH_COMPUTE.wait();
        on_drop(|| {
            LATE.fetch_add(1, Ordering::SeqCst);
            let _read = (USER.get(), NOTE.try_get());
            NOTE.set("set by a default that came too late");
            panic!("too late")
        })
    };
}

#[test]
fn default_that_came_too_late_may_read_set_and_panic_when_it_goes() {
    let read = || {
        let first = catch_unwind(|| RACED.with(|_| ()));
        // The loser of the race gets the other's from now on.
        RACED.with(|_| ());
        (first.is_err(), NOTE.try_get().ok())
    };
    let mut both = [(); 2].map(|()| std::thread::spawn(read)).map(ended);
    both.sort_unstable();
    let dropped = Some("set by a default that came too late");
    assert_eq!(both, [(false, None), (true, dropped)]);
    assert_eq!(LATE.load(Ordering::SeqCst), 1, "the one that is kept stays");
}
