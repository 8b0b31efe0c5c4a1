//! R8, R9, R10: scopes of closures and of futures.

use std::pin::{Pin, pin};
use std::task::Poll;

use context_vars::{Context, context_var, prelude::*, with_context};

use crate::support::{TRACKED, USER, panic_of, poll_once, yield_once};

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
    let mut calls = 0;
    let text = String::from("kept");
    let result = USER.sync_scope("alice", || {
        calls += 1;
        &text
    });
    assert_eq!((result.as_str(), calls), ("kept", 1));
}

#[test]
fn everything_set_inside_is_gone_outside() {
    // case 77
    USER.sync_scope("alice", || {
        USER.set("bob");
        OTHER.set(5);
        assert_eq!((USER.get(), OTHER.get()), ("bob", 5));
    });
    assert_eq!(USER.get(), "anonymous");
    assert!(!OTHER.is_set());
}

#[with_context(user = user, other = 7)]
fn both(user: &'static str) -> (&'static str, u32, usize) {
    (USER.get(), OTHER.get(), Context::current().len())
}

#[test]
fn variables_of_one_scope_come_and_go_together() {
    // case 69
    assert_eq!(both("alice"), ("alice", 7, 2));
    assert!(!USER.is_set() && !OTHER.is_set());
}

#[test]
fn scope_is_left_on_panic_and_on_error() {
    // case 186, case 189, case 196
    let text = panic_of(|| USER.sync_scope("alice", || -> () { panic!("inside") }));
    assert_eq!(text, "inside");
    assert_eq!(USER.get(), "anonymous");
    let failed: Result<(), &str> = USER.sync_scope("alice", || Err("failed"));
    assert_eq!((failed, USER.get()), (Err("failed"), "anonymous"));
}

#[test]
fn snapshot_taken_inside_a_scope_outlives_it() {
    let mut snapshots = Vec::new();
    OTHER.sync_scope(1, || {
        for user in ["alice", "bob"] {
            snapshots.push(USER.sync_scope(user, Context::current));
        }
    });
    let mut read = |n: usize| snapshots[n].run(|| (USER.get(), OTHER.get()));
    assert_eq!((read(0), read(1)), (("alice", 1), ("bob", 1)));
}

#[test]
fn outer_value_changed_after_a_snapshot_inside_is_seen_outside_only() {
    OTHER.sync_scope(1, || {
        let mut inner = USER.sync_scope("alice", Context::current);
        OTHER.set(2);
        assert_eq!(inner.run(|| OTHER.get()), 1);
        assert_eq!(OTHER.get(), 2);
    });
}

#[tokio::test]
async fn scoped_futures_polled_in_turn_never_see_each_other() {
    // case 132, case 139; R9
    async fn work(own: &'static str) {
        for n in 0..10 {
            assert_eq!(USER.get(), own);
            OTHER.set(n);
            tokio::task::yield_now().await;
            assert_eq!(OTHER.get(), n);
        }
    }
    tokio::join!(
        USER.scope("alice", work("alice")),
        USER.scope("bob", work("bob"))
    );
    assert_eq!(USER.get(), "anonymous");
    assert!(!OTHER.is_set());
}

#[test]
fn scoped_future_forms_its_context_at_the_first_poll_and_keeps_it() {
    // R10
    let mut future = pin!(USER.scope("alice", async {
        let first = OTHER.get();
        yield_once().await;
        (USER.get(), first, OTHER.get())
    }));
    assert!(
        OTHER
            .sync_scope(1, || poll_once(future.as_mut()))
            .is_pending()
    );
    let second = OTHER.sync_scope(2, || poll_once(future.as_mut()));
    assert_eq!(second, Poll::Ready(("alice", 1, 1)));
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

#[test]
fn nested_scopes_keep_every_outer_variable_in_whatever_order_they_were_built() {
    type Wrap<T> = fn(Boxed<T>) -> Boxed<T>;
    let wraps: [Wrap<_>; 3] = [
        |future| Box::pin(USER.scope("alice", future)),
        |future| Box::pin(OTHER.scope(7, future)),
        |future| Box::pin(TENANT.scope(1, future)),
    ];
    let orders = (0..27).map(|n| [n / 9, n / 3 % 3, n % 3]);
    let each_once = |order: &[usize; 3]| (0..3).all(|wrap| order.contains(&wrap));
    for order in orders.filter(each_once) {
        // Built here, inside another scope, and polled there, one poll inside yet another.
        let read: Boxed<_> = Box::pin(async {
            yield_once().await;
            (USER.get(), OTHER.get(), TENANT.get(), NOTE.get())
        });
        let build = || order.iter().fold(read, |inner, &wrap| wraps[wrap](inner));
        let mut future = USER.sync_scope("where it was built", build);
        let first = NOTE.sync_scope("at the first poll", || poll_once(future.as_mut()));
        assert!(first.is_pending());
        let second = NOTE.sync_scope("at the second", || poll_once(future.as_mut()));
        assert_eq!(second, Poll::Ready(("alice", 7, 1, "at the first poll")));
    }
}

#[test]
fn scope_that_has_ended_cannot_end_again() {
    // case 42: a closure ends once. A future that is asked again panics and changes nothing.
    let mut outer = pin!(USER.scope("outer", async {
        let mut inner = pin!(USER.scope("inner", async { USER.get() }));
        assert!(poll_once(inner.as_mut()).is_ready());
        assert_eq!(USER.get(), "outer");
        let again = panic_of(|| poll_once(inner.as_mut()));
        assert!(again.contains("after it had completed"), "{again}");
        USER.get()
    }));
    assert!(poll_once(outer.as_mut()).is_ready());
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn outer_scope_that_ends_before_the_inner_one_disturbs_neither() {
    // case 44: elsewhere this is a mistake and worth a diagnostic; a future keeps its context, so
    // here it is none.
    let mut inner = Box::pin(USER.scope("inner", async {
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
    assert!(poll_once(inner.as_mut()).is_ready());
    assert_eq!(USER.get(), "anonymous");
}

#[tokio::test]
async fn plain_await_shares_the_callers_context() {
    // case 141, case 144, case 162: also when the callee does not suspend.
    async fn sets(yields: bool) {
        if yields {
            tokio::task::yield_now().await;
        }
        USER.set(if yields { "after a yield" } else { "at once" });
    }
    async {
        sets(false).await;
        assert_eq!(USER.get(), "at once");
        sets(true).await;
        assert_eq!(USER.get(), "after a yield");
    }
    .inherit_context()
    .await;
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn scoped_future_that_is_never_polled_never_forms_a_context() {
    let alive = crate::support::Alive::default();
    let future = TRACKED.scope(alive.track(), async {});
    USER.sync_scope("where it is dropped", || drop(future));
    assert_eq!(alive.count(), 0);
    let hook = crate::support::OnDrop(|| assert_eq!(USER.get(), "where it is dropped"));
    let future = USER.scope("alice", async move { drop(hook) });
    USER.sync_scope("where it is dropped", || drop(future));
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
        level(0);
        assert!(!OTHER.is_set());
        level(LEVELS - 2);
        assert!(!OTHER.is_set());
    });
    assert!(thread.expect("a thread").join().is_ok());
}

#[test]
fn panic_at_each_depth_restores_exactly() {
    // case 191
    fn level(n: u32, fail_at: u32) {
        OTHER.sync_scope(n, || {
            assert!(n != fail_at, "here");
            let inner = std::panic::catch_unwind(|| level(n + 1, fail_at));
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
        let _ = std::panic::catch_unwind(|| level(1, fail_at));
        assert!(!OTHER.is_set());
    }
}

#[test]
fn scope_open_across_the_steps_of_a_body_is_over_when_it_is_closed() {
    // case 209
    let body = async {
        let before = USER.get();
        let inside = USER
            .scope("inside", async {
                yield_once().await;
                let seen = USER.get();
                yield_once().await;
                seen
            })
            .await;
        yield_once().await;
        (before, inside, USER.get())
    };
    let mut body = pin!(body.in_context(Context::new().with_value(&USER, "body")));
    for step in 0..3 {
        USER.sync_scope("driver", || {
            assert!(poll_once(body.as_mut()).is_pending(), "step {step}");
            assert_eq!(USER.get(), "driver");
        });
    }
    assert_eq!(
        poll_once(body.as_mut()),
        Poll::Ready(("body", "inside", "body"))
    );
}
