//! The values that a step sees, sets and leaves, and the context in which a stream is dropped.

use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::Poll;

use context_vars::{Context, prelude::*};
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::stream::{self, Stream, StreamExt};
use futures::{FutureExt, SinkExt};

use super::{noop, step};
use crate::support::{
    Alive, COUNT, TRACKED, USER, alice, ended, on_a_thread, panic_of, two_workers, witness,
    yield_once,
};

/// Sets the variable in its first step and reads it in each.
fn by_async_stream(own: &'static str) -> impl Stream<Item = &'static str> {
    async_stream::stream! {
        USER.set(own);
        loop {
            yield_once().await;
            yield USER.get();
        }
    }
}

fn by_unfold(own: &'static str) -> impl Stream<Item = &'static str> {
    stream::unfold(true, move |first| async move {
        if first {
            USER.set(own);
        }
        yield_once().await;
        Some((USER.get(), false))
    })
}

fn in_turn(
    a: impl Stream<Item = &'static str>,
    b: impl Stream<Item = &'static str>,
) -> [&'static str; 4] {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let mut seen = [""; 4];
    for pair in seen.chunks_mut(2) {
        pair[0] = step(a.as_mut()).unwrap();
        pair[1] = step(b.as_mut()).unwrap();
    }
    seen
}

#[test]
fn generators_advanced_in_turn_keep_their_own() {
    // case 214; Python reads a, b, b, b.
    let wrapped = |s| ContextExt::in_context(by_async_stream(s), Context::new());
    assert_eq!(in_turn(wrapped("a"), wrapped("b")), ["a", "b", "a", "b"]);
    let wrapped = |s| by_unfold(s).in_context(Context::new());
    assert_eq!(in_turn(wrapped("a"), wrapped("b")), ["a", "b", "a", "b"]);
    assert!(!USER.is_set(), "nothing leaks to the consumer");
}

#[test]
fn generators_that_are_not_wrapped_share_their_consumers_context() {
    let bare = || in_turn(by_async_stream("a"), by_unfold("b"));
    assert_eq!(context_vars::detached(bare), ["a", "b", "b", "b"]);
}

#[test]
fn stream_inherits_where_it_is_wrapped_and_steps_keep_what_they_set_also_between_threads() {
    let steps = stream::iter(0..3).map(|_| {
        COUNT.set(COUNT.get() + 1);
        (USER.get(), COUNT.get())
    });
    let mut steps = USER.sync_scope("alice", || steps.inherit_context());
    for n in 1..=3 {
        let one_step = move || {
            assert_eq!(step(Pin::new(&mut steps)), Some(("alice", n)));
            assert_eq!((USER.get(), COUNT.get()), ("consumer", 0));
            steps
        };
        steps = on_a_thread(move || USER.sync_scope("consumer", one_step));
    }
    assert_eq!(step(Pin::new(&mut steps)), None);
}

#[test]
fn pending_step_leaves_the_context_too() {
    // case 219: a `Sink` is driven by its caller, whose context is the right one for what is sent; it
    // has no wrapper.
    let mut stream = pin!(by_unfold("a").in_context(alice()));
    USER.sync_scope("consumer", || {
        assert!(stream.as_mut().poll_next(&mut noop()).is_pending());
        assert_eq!(USER.get(), "consumer");
        assert!(stream.as_mut().poll_next(&mut noop()).is_ready());
        assert_eq!(USER.get(), "consumer");
    });
}

#[test]
fn closures_of_the_consumer_run_outside() {
    let stream = stream::iter(0..2).map(|_| USER.get()).in_context(alice());
    let seen = Mutex::new(Vec::new());
    let consumer = stream.map(|inside| (inside, USER.get())).for_each(|both| {
        seen.lock().unwrap().push((both, USER.get()));
        std::future::ready(())
    });
    USER.sync_scope("consumer", || assert!(consumer.now_or_never().is_some()));
    let expected = (("alice", "consumer"), "consumer");
    assert_eq!(*seen.lock().unwrap(), [expected; 2]);

    // An iterator's folds are steps of the consumer's as well.
    let steps = || (0..2).map(|_| USER.get()).in_context(alice());
    USER.sync_scope("consumer", || {
        let check = |inside| assert_eq!((inside, USER.get()), ("alice", "consumer"));
        steps().for_each(check);
        steps().rev().for_each(check);
        let folded = steps().fold(0, |n, _| n + USER.get().len());
        assert_eq!(folded, 2 * "consumer".len());
    });
}

#[test]
fn step_that_panics_restores_and_the_stream_keeps_its_context() {
    let (hook, seen) = witness();
    let steps = async_stream::stream! {
        let _hook = hook;
        USER.set("set before");
        yield ();
        panic!("{}", USER.get());
    };
    let mut stream = Box::pin(steps.in_context(alice()));
    step(stream.as_mut());
    USER.sync_scope("consumer", || {
        assert_eq!(panic_of(|| step(stream.as_mut())), "set before");
        assert_eq!(USER.get(), "consumer");
    });
    assert_eq!(seen.users(), ["set before"]);
}

#[test]
fn stream_inside_a_wrapped_stream_has_its_own() {
    let inner = stream::iter(0..2).map(|_| USER.get()).in_context(alice());
    let outer = inner.map(|inner| (inner, USER.get()));
    let outer = outer.in_context(Context::new().with_value(&USER, "bob"));
    let seen: Vec<_> = outer.collect().now_or_never().unwrap();
    assert_eq!(seen, [("alice", "bob"); 2]);
}

#[test]
fn half_used_stream_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    let alive = Alive::default();
    let context = alice().with_value(&TRACKED, alive.track());
    let steps = async_stream::stream! {
        let _hook = hook;
        loop {
            USER.set("set by a step");
            yield ();
        }
    };
    let mut stream = Box::pin(steps.in_context(context));
    step(stream.as_mut());
    USER.sync_scope("where it is dropped", || drop(stream));
    assert_eq!(seen.users(), ["set by a step"]);
    assert_eq!(alive.count(), 0);
}

#[test]
fn used_up_stream_is_kept_until_the_wrapper_goes_and_dropped_inside() {
    let (hook, seen) = witness();
    let empty = stream::poll_fn(move |_| {
        let _captured = &hook;
        Poll::Ready(None::<()>)
    });
    let mut stream = Box::pin(empty.in_context(alice()));
    assert_eq!(step(stream.as_mut()), None);
    assert_eq!(step(stream.as_mut()), None, "a stream may be asked again");
    assert!(seen.users().is_empty(), "the wrapper is still there");
    drop(stream);
    assert_eq!(seen.users(), ["alice"]);
}

/// The place at which the producer's steps run.
#[derive(Clone, Copy, Debug)]
enum On {
    TheConsumersTask,
    AnotherTask,
    AnotherThread,
}

#[test]
fn producer_and_consumer_of_a_flow_each_see_their_own() {
    // case 211, case 216: every combination of yields, an outer value, and where the producer runs.
    let runtime = two_workers();
    for on in [On::TheConsumersTask, On::AnotherTask, On::AnotherThread] {
        for yields in [false, true] {
            for outer in [None, Some("outer")] {
                let flow = flow(on, yields);
                match outer {
                    Some(outer) => USER.sync_scope(outer, || runtime.block_on(flow)),
                    None => runtime.block_on(flow),
                }
                assert_eq!(USER.get(), "anonymous", "{on:?} {yields} {outer:?}");
            }
        }
    }
}

async fn flow(on: On, yields: bool) {
    let steps = stream::iter(0..3).then(move |_| async move {
        if yields {
            yield_once().await;
        }
        USER.get()
    });
    let producer = Context::new().with_value(&USER, "producer");
    let steps = ContextExt::in_context(steps, producer);
    let (mut sender, received) = mpsc::channel(1);
    let produce = async move {
        let mut steps = pin!(steps);
        while let Some(seen) = steps.next().await {
            sender.send(seen).await.unwrap();
        }
    };
    let seen = received.inspect(|_| assert_eq!(USER.get(), "consumer"));
    let consume = USER.scope("consumer", seen.collect::<Vec<_>>());
    let seen = match on {
        On::TheConsumersTask => futures::join!(produce, consume).1,
        On::AnotherTask => {
            tokio::spawn(produce);
            consume.await
        }
        On::AnotherThread => {
            let thread = std::thread::spawn(|| block_on(produce));
            let seen = consume.await;
            ended(thread);
            seen
        }
    };
    assert_eq!(seen, ["producer"; 3]);
}
