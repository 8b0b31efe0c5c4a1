//! Deadlines and cancellation as inherited variables, on tokio's clock, which stands still here.

#![allow(clippy::async_yields_async)] // a request that hands its child out is what these are about

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use context_vars::prelude::*;
use context_vars::{Context, context_var, deadline, fields, task};
use tokio::time::{Instant, sleep};

use crate::support::{LIMIT, OnDrop};

context_var! {
    static USER: &'static str = "anonymous";
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_in_time_gives_its_output_and_no_time_is_left_behind() {
    assert_eq!(deadline::time_left(), None);
    let start = Instant::now();
    let output = deadline::timeout(ms(100), async {
        sleep(ms(30)).await;
        assert_eq!(deadline::time_left(), Some(ms(70)));
        "done"
    });
    assert_eq!(output.await, Ok("done"));
    assert_eq!(start.elapsed(), ms(30));
    assert_eq!(deadline::time_left(), None);
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_longer_is_dropped_inside_its_context_at_the_deadline() {
    let dropped = Arc::new(AtomicBool::new(false));
    let goes = dropped.clone();
    let on_drop = OnDrop(move || {
        assert_eq!(USER.get(), "alice");
        assert!(deadline::is_cancelled());
        assert_eq!(deadline::time_left(), Some(ms(0)));
        goes.store(true, Ordering::SeqCst);
    });
    let start = Instant::now();
    let work = async move {
        let _on_drop = on_drop;
        drop(USER.set("alice"));
        sleep(ms(1000)).await;
    };
    let error = deadline::timeout(ms(100), work).await.unwrap_err();
    assert_eq!(error.to_string(), "the deadline has passed");
    assert_eq!(start.elapsed(), ms(100));
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn nested_timeouts_take_the_minimum_whichever_is_inside() {
    for (outer, inner) in [(100, 1000), (1000, 100), (100, 100)] {
        let start = Instant::now();
        let outcome = deadline::timeout(ms(outer), async {
            let inner = deadline::timeout(ms(inner), async {
                assert_eq!(deadline::time_left(), Some(ms(100)));
                sleep(ms(5000)).await;
            });
            inner.await.unwrap_err();
            "the inner one was told"
        });
        assert_eq!(outcome.await, Ok("the inner one was told"));
        assert_eq!(start.elapsed(), ms(100), "{outer} around {inner}");
    }
}

#[tokio::test(start_paused = true)]
async fn timeouts_nest_however_the_futures_were_built() {
    let start = Instant::now();
    // The inner one is made first, and outside: what counts is where it runs.
    let inner = deadline::timeout(ms(1000), async { sleep(ms(5000)).await });
    let outer = deadline::timeout(ms(100), inner);
    assert!(outer.await.unwrap().is_err());
    assert_eq!(start.elapsed(), ms(100));
    // The time of one counts from the call.
    let made = deadline::timeout(ms(100), async { deadline::time_left() });
    sleep(ms(40)).await;
    assert_eq!(made.await, Ok(Some(ms(60))));
}

#[tokio::test(start_paused = true)]
async fn spawned_work_inherits_the_deadline_and_a_bare_task_does_not() {
    let left = deadline::timeout(ms(100), async {
        let task = task::spawn(async { deadline::time_left() });
        let thread = task::spawn_blocking(deadline::time_left);
        let bare = tokio::spawn(async { deadline::time_left() });
        (
            task.await.unwrap(),
            thread.await.unwrap(),
            bare.await.unwrap(),
        )
    });
    assert_eq!(left.await, Ok((Some(ms(100)), Some(ms(100)), None)));
}

#[tokio::test(start_paused = true)]
async fn longest_duration_is_no_limit() {
    let forever = deadline::timeout(Duration::MAX, async { deadline::time_left() });
    assert_eq!(forever.await, Ok(None));
    let within = deadline::timeout(
        ms(100),
        deadline::timeout(Duration::MAX, async { deadline::time_left() }),
    );
    assert_eq!(within.await, Ok(Ok(Some(ms(100)))));
}

/// Counts its polls, for ever.
async fn counting(polls: Arc<AtomicUsize>) {
    loop {
        polls.fetch_add(1, Ordering::SeqCst);
        sleep(ms(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn wrapped_child_stops_when_its_request_is_dropped_and_an_unwrapped_one_goes_on() {
    let [wrapped, unwrapped] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (children, request) = {
        let (wrapped, unwrapped) = (wrapped.clone(), unwrapped.clone());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let request = deadline::timeout(ms(10_000), async move {
            let stops = task::spawn(deadline::cancel_with_request(counting(wrapped)));
            let goes_on = task::spawn(counting(unwrapped));
            sender.send((stops, goes_on)).unwrap();
            std::future::pending::<()>().await;
        });
        (receiver, tokio::spawn(request))
    };
    let (stops, goes_on) = children.await.unwrap();
    sleep(ms(55)).await;
    assert_eq!(wrapped.load(Ordering::SeqCst), 6);
    assert_eq!(unwrapped.load(Ordering::SeqCst), 6);

    request.abort(); // the client hangs up
    let error = stops.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the request that the work belonged to is gone"
    );
    sleep(ms(50)).await;
    assert_eq!(wrapped.load(Ordering::SeqCst), 6, "not polled again");
    assert_eq!(unwrapped.load(Ordering::SeqCst), 11);
    goes_on.abort();
}

#[tokio::test(start_paused = true)]
async fn wrapped_child_stops_when_its_request_is_over_or_out_of_time() {
    let child =
        deadline::scope(async { task::spawn(deadline::cancel_with_request(counting_once())) });
    assert!(child.await.await.unwrap().is_err());

    let (sender, receiver) = tokio::sync::oneshot::channel();
    let start = Instant::now();
    let request = deadline::timeout(ms(100), async {
        sender
            .send(task::spawn(deadline::cancel_with_request(counting_once())))
            .unwrap();
        std::future::pending::<()>().await;
    });
    request.await.unwrap_err();
    assert!(receiver.await.unwrap().await.unwrap().is_err());
    assert_eq!(start.elapsed(), ms(100));
}

async fn counting_once() {
    sleep(ms(5000)).await;
}

#[tokio::test(start_paused = true)]
async fn child_that_is_done_before_gives_its_output() {
    let output = deadline::scope(async {
        let child = task::spawn(deadline::cancel_with_request(async {
            sleep(ms(10)).await;
            7
        }));
        child.await.unwrap()
    });
    assert_eq!(output.await, Ok(7));
    assert_eq!(
        deadline::cancel_with_request(async { 8 }).await,
        Ok(8),
        "without a request"
    );
}

#[tokio::test(start_paused = true)]
async fn inner_request_that_ends_stops_its_own_children_alone() {
    let outcome = deadline::scope(async {
        let outer_child = task::spawn(deadline::cancel_with_request(async {
            sleep(ms(50)).await;
            "went on"
        }));
        let inner =
            deadline::scope(async { task::spawn(deadline::cancel_with_request(counting_once())) });
        let inner_child = inner.await;
        assert!(inner_child.await.unwrap().is_err());
        assert!(!deadline::is_cancelled());
        outer_child.await.unwrap()
    });
    assert_eq!(outcome.await, Ok("went on"));
}

#[tokio::test(start_paused = true)]
async fn grandchildren_stop_with_the_request_too() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let request = tokio::spawn(deadline::scope(async {
        task::spawn(async {
            // Not wrapped itself, it inherits the request.
            let grandchild = deadline::timeout(ms(60_000), async {
                deadline::cancelled().await;
                "was told"
            });
            sender.send(task::spawn(grandchild)).unwrap();
        });
        std::future::pending::<()>().await;
    }));
    let grandchild = receiver.await.unwrap();
    sleep(ms(10)).await;
    request.abort();
    assert_eq!(grandchild.await.unwrap(), Ok("was told"));
}

#[tokio::test]
async fn blocking_work_can_ask() {
    let worker = deadline::scope(async {
        task::spawn_blocking(|| {
            let start = std::time::Instant::now();
            while !deadline::is_cancelled() {
                assert!(start.elapsed() < LIMIT, "never told");
                std::thread::yield_now();
            }
        })
    });
    worker.await.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn cancelled_waits_for_ever_without_a_request() {
    assert!(!deadline::is_cancelled());
    let waiting = tokio::time::timeout(ms(1000), deadline::cancelled());
    assert!(waiting.await.is_err());
}

#[tokio::test]
async fn task_that_never_rests_is_out_of_time_all_the_same() {
    let start = std::time::Instant::now();
    let greedy = deadline::timeout(ms(20), async {
        // Rests only when the task's share is used up, and then no timer is asked.
        while start.elapsed() < Duration::from_secs(5) {
            tokio::task::consume_budget().await;
        }
    });
    assert!(greedy.await.is_err());
}

#[tokio::test]
async fn work_that_does_not_rest_can_see_that_its_time_is_over() {
    let busy = deadline::timeout(ms(200), async {
        let before = deadline::is_cancelled();
        std::thread::sleep(deadline::time_left().unwrap());
        (before, deadline::is_cancelled(), deadline::time_left())
    });
    assert_eq!(busy.await, Ok((false, true, Some(ms(0)))));
}

#[tokio::test(start_paused = true)]
async fn other_variables_are_the_scope_s_own() {
    USER.scope("alice", async {
        let inside = deadline::timeout(ms(100), async {
            let before = USER.get();
            drop(USER.set("bob"));
            (before, USER.get())
        });
        assert_eq!(inside.await, Ok(("alice", "bob")));
        assert_eq!(USER.get(), "alice");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn deadline_is_hidden_from_whoever_lists_a_context() {
    deadline::timeout(ms(1500), async {
        let context = Context::current();
        assert_eq!(format!("{context:?}"), "{}");
        assert_eq!((context.len(), context.iter().count()), (0, 0));
        assert!(context.is_empty());
        assert_eq!(fields().to_string(), "");
        assert!(USER.sync_scope("alice", || fields().to_string()) == "user=\"alice\"");
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn request_that_is_never_polled_costs_nothing_and_cancels_nothing() {
    deadline::scope(async {
        drop(deadline::timeout(ms(1), async {}));
        drop(deadline::scope(async {}));
        assert!(!deadline::is_cancelled());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn polling_after_the_end_panics_in_our_words() {
    let mut request = Box::pin(deadline::timeout(ms(1), std::future::pending::<()>()));
    (&mut request).await.unwrap_err();
    let again = tokio::spawn(async move { request.await.is_ok() })
        .await
        .unwrap_err();
    let text = again.into_panic();
    assert_eq!(
        text.downcast_ref::<&str>(),
        Some(&"work with a deadline was polled after it had completed")
    );
}

#[test]
fn futures_are_send_where_the_work_is() {
    fn send<T: Send>(_: T) {}
    send(deadline::timeout(ms(1), async {}));
    send(deadline::scope(async {}));
    send(deadline::cancel_with_request(async {}.inherit_context()));
    send(deadline::cancelled());
}
