//! Deadlines and cancellation as inherited variables, on tokio's clock, which is paused.

#![allow(clippy::async_yields_async)] // a request that hands its child out is what these are about

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use context_vars::deadline::{Cancelled, CancelledKind, cancel_with_request, time_left};
use context_vars::prelude::*;
use context_vars::{Context, context_var, deadline, fields, task};
use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};

use crate::support::{LIMIT, OnDrop};

context_var! {
    static USER: &'static str = "anonymous";
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A task of some work that stops with its request.
type Child<T = ()> = JoinHandle<Result<T, Cancelled>>;

fn spawn_child<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Child<T> {
    task::spawn(cancel_with_request(work))
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_in_time_gives_its_output_and_no_time_is_left_behind() {
    assert_eq!(time_left(), None);
    let start = Instant::now();
    let output = deadline::timeout(ms(100), async {
        sleep(ms(30)).await;
        assert_eq!(time_left(), Some(ms(70)));
        "done"
    });
    assert_eq!(output.await, Ok("done"));
    assert_eq!(start.elapsed(), ms(30));
    assert_eq!(time_left(), None);
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_longer_is_dropped_inside_its_context_at_the_deadline() {
    let (sender, mut seen) = oneshot::channel();
    let mut sender = Some(sender);
    let on_drop = OnDrop(move || {
        let seen = (USER.get(), deadline::is_cancelled(), time_left());
        sender.take().unwrap().send(seen).unwrap();
    });
    let start = Instant::now();
    let work = async move {
        let _on_drop = on_drop;
        USER.set("alice");
        sleep(ms(1000)).await;
    };
    let error = deadline::timeout(ms(100), work).await.unwrap_err();
    assert_eq!(error.to_string(), "the deadline has passed");
    assert_eq!(start.elapsed(), ms(100));
    assert_eq!(seen.try_recv(), Ok(("alice", true, Some(ms(0)))));
}

#[tokio::test(start_paused = true)]
async fn nested_timeouts_take_the_minimum_whichever_is_inside() {
    for (outer, inner) in [(100, 1000), (1000, 100), (100, 100)] {
        let start = Instant::now();
        let outer_is_nearer = outer < inner;
        let outcome = deadline::timeout(ms(outer), async {
            let inner = deadline::timeout(ms(inner), async {
                assert_eq!(time_left(), Some(ms(100)));
                sleep(ms(5000)).await;
            });
            let error = inner.await.unwrap_err();
            assert_eq!(error.is_inherited(), outer_is_nearer, "{error}");
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
    let made = deadline::timeout(ms(100), async { time_left() });
    sleep(ms(40)).await;
    assert_eq!(made.await, Ok(Some(ms(60))));
}

#[tokio::test(start_paused = true)]
async fn spawned_work_inherits_the_deadline_and_a_bare_task_does_not() {
    let left = deadline::timeout(ms(100), async {
        let task = task::spawn(async { time_left() });
        let thread = task::spawn_blocking(time_left);
        let bare = tokio::spawn(async { time_left() });
        tokio::try_join!(task, thread, bare).unwrap()
    });
    assert_eq!(left.await, Ok((Some(ms(100)), Some(ms(100)), None)));
}

#[tokio::test(start_paused = true)]
async fn longest_duration_is_no_limit() {
    let forever = deadline::timeout(Duration::MAX, async { time_left() });
    assert_eq!(forever.await, Ok(None));
    let forever = deadline::timeout(Duration::MAX, async { time_left() });
    let within = deadline::timeout(ms(100), forever);
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
    let polls = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let polled = || polls.each_ref().map(|polls| polls.load(Ordering::SeqCst));
    let (sender, children) = oneshot::channel();
    let [wrapped, unwrapped] = polls.clone().map(counting);
    let request = tokio::spawn(deadline::timeout(ms(10_000), async {
        let children = (spawn_child(wrapped), task::spawn(unwrapped));
        sender.send(children).unwrap();
        pending::<()>().await;
    }));
    let (stops, goes_on) = children.await.unwrap();
    sleep(ms(55)).await;
    assert_eq!(polled(), [6, 6]);

    request.abort(); // the client hangs up
    let error = stops.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the request that the work belonged to was dropped"
    );
    sleep(ms(50)).await;
    assert_eq!(polled(), [6, 11], "the wrapped one is not polled again");
    goes_on.abort();
}

/// Returns how the child of `request` was stopped, also as an I/O error.
async fn stopped_as<F: Future>(
    request: impl FnOnce(oneshot::Sender<Child>) -> F,
) -> (CancelledKind, io::ErrorKind) {
    let (sender, child) = oneshot::channel();
    let (_, child) = tokio::join!(request(sender), child);
    let cancelled = child.unwrap().await.unwrap().unwrap_err();
    let error = io::Error::from(cancelled);
    assert_eq!(error.to_string(), cancelled.to_string());
    (cancelled.kind(), error.kind())
}

#[tokio::test(start_paused = true)]
async fn cancelled_child_says_how_its_request_ended() {
    let spawn = |sender: oneshot::Sender<Child>| {
        sender.send(spawn_child(sleep(ms(5000)))).unwrap();
    };
    let endless = async |sender| {
        spawn(sender);
        pending::<()>().await;
    };
    let other = io::ErrorKind::Other;
    let completed = stopped_as(|sender| deadline::scope(async { spawn(sender) }));
    assert_eq!(completed.await, (CancelledKind::Completed, other));

    let dropped =
        stopped_as(|sender| tokio::time::timeout(ms(10), deadline::scope(endless(sender))));
    assert_eq!(dropped.await, (CancelledKind::Dropped, other));

    // That of the request, though the innermost scope is dropped with it.
    let start = Instant::now();
    let elapsed = stopped_as(|sender| deadline::timeout(ms(100), deadline::scope(endless(sender))));
    let timed_out = io::ErrorKind::TimedOut;
    assert_eq!(elapsed.await, (CancelledKind::Elapsed, timed_out));
    assert_eq!(start.elapsed(), ms(100));

    let direct = stopped_as(|sender| deadline::timeout(ms(100), endless(sender)));
    assert_eq!(direct.await, (CancelledKind::Elapsed, timed_out));
    assert_eq!(start.elapsed(), ms(200));
}

/// Returns the state that a child sees after the part of the request that spawned it is over.
async fn late(then: oneshot::Receiver<()>) -> (bool, Result<(), Cancelled>) {
    then.await.unwrap();
    let before = deadline::is_cancelled();
    (before, cancel_with_request(sleep(ms(50))).await)
}

#[tokio::test(start_paused = true)]
async fn part_that_has_completed_does_not_stop_what_its_children_begin_later() {
    for nested in [false, true] {
        let (end, ended) = oneshot::channel();
        let outcome = deadline::scope(async move {
            let part = task::spawn(deadline::timeout(ms(1000), async move {
                match nested {
                    false => task::spawn(late(ended)),
                    // The part's child has a separate scope, which is not over.
                    true => task::spawn(deadline::scope(async {
                        spawn_child(async {});
                        late(ended).await
                    })),
                }
            }));
            let child = part.await.unwrap().unwrap();
            sleep(ms(10)).await;
            end.send(()).unwrap();
            child.await.unwrap()
        });
        assert_eq!(outcome.await, (false, Ok(())), "nested: {nested}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_after_a_part_has_completed_stops_with_the_request() {
    // The request is dropped before what began late is done, or before it begins.
    for begins_first in [true, false] {
        let (end, ended) = oneshot::channel();
        let (sender, receiver) = oneshot::channel();
        let request = tokio::spawn(deadline::scope(async move {
            let part = task::spawn(deadline::scope(async { task::spawn(late(ended)) }));
            sender.send(part.await.unwrap()).unwrap();
            pending::<()>().await;
        }));
        let child = receiver.await.unwrap();
        if !begins_first {
            request.abort();
            sleep(ms(10)).await;
        }
        end.send(()).unwrap();
        sleep(ms(10)).await;
        request.abort();
        let (before, outcome) = child.await.unwrap();
        assert_eq!(before, !begins_first);
        assert_eq!(outcome.unwrap_err().kind(), CancelledKind::Dropped);
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_after_the_request_has_completed_stops_at_once() {
    let (end, ended) = oneshot::channel();
    let child =
        deadline::scope(async { deadline::scope(async { task::spawn(late(ended)) }).await });
    let child = child.await;
    end.send(()).unwrap();
    let (before, outcome) = child.await.unwrap();
    assert!(before);
    assert_eq!(outcome.unwrap_err().kind(), CancelledKind::Completed);
}

/// Each task spawns the next in a new scope and ends, and must not keep the earlier scopes alive.
fn relay(left: usize, done: oneshot::Sender<bool>) {
    task::spawn(deadline::timeout(ms(60_000), async move {
        match left {
            0 => done.send(deadline::is_cancelled()).unwrap(),
            _ => relay(left - 1, done),
        }
    }));
}

#[tokio::test]
async fn chain_of_tasks_that_each_spawn_the_next_comes_to_its_end() {
    let (done, last) = oneshot::channel();
    let cancelled = deadline::scope(async {
        relay(100_000, done);
        last.await.unwrap()
    });
    assert!(!cancelled.await);
}

#[test]
fn scopes_nested_deeper_than_the_stack_are_dropped() {
    // The scopes complete from the inside, while a context inside them is kept.
    let mut context = Context::new();
    let mut scopes = Vec::new();
    let mut task = crate::support::noop();
    for _ in 0..100_000 {
        let (sender, mut inside) = oneshot::channel();
        let mut scope = Box::pin(deadline::scope(async {
            sender.send(Context::current()).unwrap();
            tokio::task::yield_now().await;
        }));
        assert!(context.run(|| scope.as_mut().poll(&mut task).is_pending()));
        context = inside.try_recv().unwrap();
        scopes.push(scope);
    }
    let child = context.run(|| cancel_with_request(pending::<()>()));
    while let Some(mut scope) = scopes.pop() {
        assert!(scope.as_mut().poll(&mut task).is_ready());
    }
    drop(child);
    assert!(context.run(deadline::is_cancelled));
    drop(context);
}

#[tokio::test(start_paused = true)]
async fn detached_work_has_all_values_but_no_deadline_and_no_request() {
    let (sender, receiver) = oneshot::channel();
    let request = USER.scope(
        "alice",
        deadline::timeout(ms(10), async {
            let work = task::spawn(deadline::detached(async {
                spawn_child(sleep(ms(100))).await.unwrap().unwrap();
                let own = deadline::timeout(ms(100), async { time_left() });
                assert_eq!(own.await, Ok(Some(ms(100))));
                (USER.get(), time_left(), deadline::is_cancelled())
            }));
            sender.send(work).unwrap();
            pending::<()>().await;
        }),
    );
    request.await.unwrap_err();
    let seen = receiver.await.unwrap().await.unwrap();
    assert_eq!(seen, ("alice", None, false));
    deadline::timeout(ms(10), async {
        deadline::detached(async { assert_eq!(time_left(), None) }).await;
        assert_eq!(time_left(), Some(ms(10)), "it was a scope");
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn error_of_a_timeout_becomes_an_io_error_that_holds_it() {
    let timeout = deadline::timeout(ms(1), pending::<()>());
    let elapsed = timeout.await.unwrap_err();
    let error = io::Error::from(elapsed);
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let held = error.get_ref().unwrap().downcast_ref();
    assert_eq!(held, Some(&elapsed));
}

#[tokio::test(start_paused = true)]
async fn child_that_is_done_before_gives_its_output() {
    let child = async { spawn_child(sleep(ms(10)).map(|()| 7)).await.unwrap() };
    assert_eq!(deadline::scope(child).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_cancelled_without_a_request() {
    assert!(!deadline::is_cancelled());
    assert_eq!(cancel_with_request(async { 8 }).await, Ok(8));
    let waiting = tokio::time::timeout(ms(1000), deadline::cancelled());
    assert!(waiting.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn inner_request_that_ends_stops_its_own_children_alone() {
    let outcome = deadline::scope(async {
        let outer_child = spawn_child(sleep(ms(50)));
        let inner_child = deadline::scope(async { spawn_child(sleep(ms(5000))) }).await;
        assert!(inner_child.await.unwrap().is_err());
        assert!(!deadline::is_cancelled());
        outer_child.await.unwrap()
    });
    assert_eq!(outcome.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn grandchildren_stop_with_the_request_too() {
    let (sender, receiver) = oneshot::channel();
    let request = tokio::spawn(deadline::scope(async {
        task::spawn(async {
            // Not wrapped itself, it inherits the request.
            let grandchild = deadline::timeout(ms(60_000), async {
                deadline::cancelled().await;
                "was told"
            });
            sender.send(task::spawn(grandchild)).unwrap();
        });
        pending::<()>().await;
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

#[tokio::test]
async fn task_that_never_rests_is_out_of_time_all_the_same() {
    let start = std::time::Instant::now();
    let greedy = deadline::timeout(ms(20), async {
        // Rests only when the task's share is used up, and then no timer is asked.
        while start.elapsed() < LIMIT {
            tokio::task::consume_budget().await;
        }
    });
    assert!(greedy.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_rest_can_see_that_its_time_is_over() {
    let busy = deadline::timeout(ms(200), async {
        let before = deadline::is_cancelled();
        let _pending = advance(ms(200)).now_or_never(); // moves the clock at once
        (before, deadline::is_cancelled(), time_left())
    });
    assert_eq!(busy.await, Ok((false, true, Some(ms(0)))));
}

#[tokio::test(start_paused = true)]
async fn other_variables_are_the_scope_s_own() {
    let work = USER.scope("alice", async {
        let inside = deadline::timeout(ms(100), async {
            let before = USER.get();
            USER.set("bob");
            (before, USER.get())
        });
        (inside.await, USER.get())
    });
    assert_eq!(work.await, (Ok(("alice", "bob")), "alice"));
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
    let mut request = Box::pin(deadline::timeout(ms(1), pending::<()>()));
    (&mut request).await.unwrap_err();
    let again = tokio::spawn(async move { request.await.is_ok() });
    let panic = again.await.unwrap_err().into_panic();
    let words = "work with a deadline was polled after it had completed";
    assert_eq!(panic.downcast_ref(), Some(&words));
}

#[test]
fn futures_are_send_where_the_work_is() {
    fn send<T: Send>(_: T) {}
    send(deadline::timeout(ms(1), async {}));
    send(deadline::scope(async {}));
    send(cancel_with_request(async {}.inherit_context()));
    send(deadline::cancelled());
}
