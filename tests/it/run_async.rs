//! `Context::run_async`: what the future sets stays in the context.

use std::future::{pending, ready};
use std::pin::pin;

use context_vars::Context;

use crate::support::{COUNT, USER, alice, panic_of, poll_once, witness, yield_once};

async fn count() {
    COUNT.set(COUNT.get() + 1);
}

#[test]
fn what_each_future_sets_is_there_for_the_next_one_and_afterwards() {
    let mut context = alice();
    let work = async {
        count().await;
        yield_once().await;
        assert_eq!(USER.get(), "alice");
        count().await;
    };
    {
        let mut work = pin!(context.run_async(work));
        assert!(poll_once(work.as_mut()).is_pending());
        assert_eq!((USER.get(), COUNT.get()), ("anonymous", 0));
        assert!(poll_once(work.as_mut()).is_ready());
    }
    assert!(poll_once(pin!(context.run_async(count()))).is_ready());
    assert_eq!(context.get(&COUNT), Some(&3));
}

#[test]
fn what_a_future_set_that_panics_or_is_dropped_half_way_stays_and_it_is_dropped_inside() {
    let mut context = alice();
    let (hook, seen) = witness();
    let dropped = async {
        count().await;
        pending::<()>().await;
        drop(hook);
    };
    assert!(poll_once(pin!(context.run_async(dropped))).is_pending());
    assert_eq!(seen.users(), ["alice"]);
    assert_eq!(context.get(&COUNT), Some(&1));

    let (hook, seen) = witness();
    let panics = async move {
        let _hook = hook;
        count().await;
        panic!("half-way")
    };
    let polled = panic_of(|| poll_once(pin!(context.run_async(panics))));
    assert_eq!(polled, "half-way");
    assert_eq!(seen.users(), ["alice"]);
    assert_eq!((context.get(&COUNT), USER.get()), (Some(&2), "anonymous"));
}

#[test]
fn future_that_is_ready_is_dropped_inside_at_once_and_not_polled_again() {
    let mut context = alice();
    let (hook, seen) = witness();
    let mut work = pin!(context.run_async(async move { drop(hook) }));
    assert!(poll_once(work.as_mut()).is_ready());
    assert_eq!(seen.users(), ["alice"]);
    let text = panic_of(|| poll_once(work.as_mut()));
    assert_eq!(text, "work in a context was polled after it had completed");
}

#[test]
fn run_async_is_send_as_its_future_is() {
    fn is_send(_: impl Send) {}
    is_send(Context::new().run_async(ready(1)));
}
