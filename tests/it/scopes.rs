//! R8, R9, R10: scopes of closures and of futures.

use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::task::Poll;

use context_vars::{Context, context_var, prelude::*};

use crate::support::{USER, poll_once, yield_once};

context_var! {
    static OTHER: u32;
    static TENANT: u32;
    static NOTE: &str;
}

#[test]
fn scope_nests_and_restores_in_order() {
    // case 14, case 61, case 62, case 64, case 66, case 74
    let mut seen = vec![USER.get()];
    USER.sync_scope("one", || {
        seen.push(USER.get());
        OTHER.sync_scope(1, || {
            USER.sync_scope("two", || seen.push(USER.get()));
            assert_eq!((USER.get(), OTHER.get()), ("one", 1));
        });
        assert!(!OTHER.is_set());
        seen.push(USER.get());
    });
    seen.push(USER.get());
    assert_eq!(seen, ["anonymous", "one", "two", "one", "anonymous"]);
}

#[test]
fn scope_gives_the_closures_result_and_borrows_from_outside() {
    // case 59, case 67, case 72
    let (mut calls, text) = (0, String::from("kept"));
    let result = USER.sync_scope("alice", || {
        calls += 1;
        &text
    });
    assert_eq!((result.as_str(), calls), ("kept", 1));
}

#[test]
fn everything_set_inside_is_gone_outside_on_every_way_out() {
    // case 34, case 36, case 57, case 77, case 186, case 189, case 196
    let ways = [
        ("return", Ok(())),
        ("error", Err("failed")),
        ("panic", Err("inside")),
    ];
    let check = |outer| {
        for (way, expected) in ways {
            let body = || {
                USER.set("bob");
                OTHER.set(5);
                assert_eq!((USER.get(), OTHER.get()), ("bob", 5));
                assert!(way != "panic", "inside");
                expected
            };
            let left = catch_unwind(|| USER.sync_scope("alice", body));
            let left = left.unwrap_or_else(|panic| Err(*panic.downcast().unwrap()));
            assert_eq!(left, expected, "{way}");
            assert_eq!((USER.get(), OTHER.is_set()), (outer, false), "{way}");
        }
    };
    check("anonymous");
    USER.sync_scope("outer", || check("outer"));
}

#[test]
fn snapshot_taken_inside_a_scope_outlives_it_and_sees_no_later_change_outside() {
    OTHER.sync_scope(1, || {
        let snapshots = ["alice", "bob"].map(|user| USER.sync_scope(user, Context::current));
        OTHER.set(2);
        let seen = snapshots.map(|mut snapshot| snapshot.run(|| (USER.get(), OTHER.get())));
        assert_eq!(seen, [("alice", 1), ("bob", 1)]);
        assert_eq!((USER.is_set(), OTHER.get()), (false, 2));
    });
}

#[tokio::test]
async fn scoped_futures_polled_in_turn_never_see_each_other() {
    // case 132, case 139; R9
    let work = |own| {
        USER.scope(own, async move {
            for n in 0..10 {
                assert_eq!(USER.get(), own);
                OTHER.set(n);
                tokio::task::yield_now().await;
                assert_eq!(OTHER.get(), n);
            }
        })
    };
    tokio::join!(work("alice"), work("bob"));
    assert!(!USER.is_set() && !OTHER.is_set());
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

#[test]
fn nested_scopes_form_their_contexts_at_the_first_poll_in_whatever_order_they_were_built() {
    // R10
    type Wrap<T> = fn(Boxed<T>) -> Boxed<T>;
    let wraps: [Wrap<_>; 3] = [
        |future| Box::pin(USER.scope("alice", future)),
        |future| Box::pin(OTHER.scope(7, future)),
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
        let read: Boxed<_> = Box::pin(async {
            let first = NOTE.get();
            yield_once().await;
            (USER.get(), OTHER.get(), TENANT.get(), [first, NOTE.get()])
        });
        let build = || {
            order
                .iter()
                .fold(read, |inner, &wrap: &usize| wraps[wrap](inner))
        };
        let mut future = USER.sync_scope("where it was built", build);
        let first = NOTE.sync_scope("at the first poll", || poll_once(future.as_mut()));
        assert!(first.is_pending(), "{order:?}");
        let second = NOTE.sync_scope("at the second", || poll_once(future.as_mut()));
        let expected = ("alice", 7, 1, ["at the first poll"; 2]);
        assert_eq!(second, Poll::Ready(expected), "{order:?}");
    }
}

#[test]
fn outer_scope_that_ends_before_the_inner_one_disturbs_neither() {
    // case 44: elsewhere this is a mistake and worth a diagnostic; a future keeps its context, so
    // here it is none.
    let mut inner = pin!(USER.scope("inner", async {
        yield_once().await;
        USER.get()
    }));
    let mut outer = Box::pin(USER.scope("outer", async {
        assert!(poll_once(inner.as_mut()).is_pending());
        yield_once().await;
    }));
    assert!(poll_once(outer.as_mut()).is_pending());
    drop(outer);
    assert_eq!(USER.get(), "anonymous");
    assert_eq!(poll_once(inner.as_mut()), Poll::Ready("inner"));
    assert_eq!(USER.get(), "anonymous");
}

#[tokio::test]
async fn plain_await_shares_the_callers_context() {
    // case 141, case 144, case 162: also when the callee does not suspend; case 137: or fails.
    async fn sets(user: &'static str, yields: bool) -> Result<(), &'static str> {
        if yields {
            tokio::task::yield_now().await;
        }
        USER.set(user);
        Err("failed")
    }
    let caller = async {
        let handled = sets("at once", false).await.map_err(|_| USER.get());
        assert_eq!(handled, Err("at once"));
        let handled = sets("after a yield", true).await.map_err(|_| USER.get());
        assert_eq!(handled, Err("after a yield"));
    };
    caller.inherit_context().await;
    assert_eq!(USER.get(), "anonymous");
}

#[test]
#[cfg_attr(miri, ignore = "70,000 levels take Miri hours")]
fn scopes_nested_deeper_than_sixteen_bits_can_count_are_exact() {
    // case 234: where levels are counted in 16 bits, those beyond are ignored. Ours end where the
    // stack does.
    const LEVELS: u32 = 70_000;
    fn level(depth: u32) {
        if depth < LEVELS {
            OTHER.sync_scope(depth, || {
                level(depth + 1);
                assert_eq!(OTHER.get(), depth);
            });
        }
    }
    let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(|| {
        for first in [0, LEVELS - 2] {
            level(first);
            assert!(!OTHER.is_set());
        }
    });
    assert!(thread.expect("a thread").join().is_ok());
}

#[test]
fn panic_at_each_depth_restores_exactly() {
    // case 191
    fn level(n: u32, fail_at: u32) {
        OTHER.sync_scope(n, || {
            assert!(n != fail_at, "here");
            let inner = catch_unwind(|| level(n + 1, fail_at));
            assert_eq!(OTHER.get(), n);
            if let Err(payload) = inner
                && !n.is_multiple_of(3)
            {
                std::panic::resume_unwind(payload);
            }
        });
    }
    // Unwinding through many frames takes Miri minutes.
    let deepest = if cfg!(miri) { 3 } else { 20 };
    for fail_at in 1..deepest {
        let _ = catch_unwind(|| level(1, fail_at));
        assert!(!OTHER.is_set());
    }
}

#[test]
fn scope_open_across_the_steps_of_a_body_is_over_when_it_is_closed() {
    // case 209
    let inside = async {
        yield_once().await;
        let seen = USER.get();
        yield_once().await;
        seen
    };
    let body = async {
        let before = USER.get();
        let inside = USER.scope("inside", inside).await;
        yield_once().await;
        [before, inside, USER.get()]
    };
    let mut body = pin!(body.in_context(Context::new().with_value(&USER, "body")));
    for step in 0..3 {
        USER.sync_scope("driver", || {
            assert!(poll_once(body.as_mut()).is_pending(), "step {step}");
            assert_eq!(USER.get(), "driver");
        });
    }
    let seen = poll_once(body.as_mut());
    assert_eq!(seen, Poll::Ready(["body", "inside", "body"]));
}
