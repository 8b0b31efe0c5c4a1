//! Section I: streams and iterators.

use std::pin::pin;
use std::task::Poll;

use context_vars::{Context, ContextStreamExt, context_var, prelude::*};
use futures::stream::{self, StreamExt};

use crate::support::{poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
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

#[tokio::test]
async fn generator_that_awaits_inside_sees_its_own_and_its_consumer_its_own() {
    // case 211
    let steps = stream::unfold(0, |n| async move {
        assert_eq!(USER.get(), "generator");
        tokio::task::yield_now().await;
        (n < 3).then(|| (USER.get(), n + 1))
    });
    let mut steps = pin!(ContextStreamExt::in_context(
        steps,
        Context::new().with_value(&USER, "generator")
    ));
    USER.scope("consumer", async {
        while let Some(seen) = steps.next().await {
            assert_eq!((seen, USER.get()), ("generator", "consumer"));
            tokio::task::yield_now().await;
            assert_eq!(USER.get(), "consumer");
        }
    })
    .await;
}

/// Where the producer's steps run.
#[derive(Clone, Copy, Debug)]
enum On {
    TheConsumersTask,
    AnotherTask,
    AnotherThread,
}

#[test]
fn producer_and_consumer_of_a_flow_each_see_their_own() {
    // case 216: every combination of yields, an outer value, and where the producer runs.
    let runtime = tokio::runtime::Runtime::new().unwrap();
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
            tokio::task::yield_now().await;
        }
        USER.get()
    });
    let producer = Context::new().with_value(&USER, "producer");
    let steps = ContextStreamExt::in_context(steps, producer);
    let (sender, mut received) = tokio::sync::mpsc::channel(1);
    let produce = async move {
        let mut steps = pin!(steps);
        while let Some(seen) = steps.next().await {
            sender.send(seen).await.unwrap();
        }
    };
    let consume = USER.scope("consumer", async move {
        let mut seen = Vec::new();
        while let Some(value) = received.recv().await {
            assert_eq!(USER.get(), "consumer");
            seen.push(value);
        }
        seen
    });
    let seen = match on {
        On::TheConsumersTask => tokio::join!(produce, consume).1,
        On::AnotherTask => {
            tokio::spawn(produce);
            consume.await
        }
        On::AnotherThread => {
            let handle = tokio::runtime::Handle::current();
            let thread = std::thread::spawn(move || handle.block_on(produce));
            let seen = consume.await;
            thread.join().unwrap();
            seen
        }
    };
    assert_eq!(seen, ["producer"; 3]);
}

#[test]
fn stream_is_in_its_context_during_each_call_and_only_then() {
    // case 219: of a `Stream`'s calls. A `Sink` is driven by its caller, whose context is the
    // right one for what is sent; it has no wrapper.
    let steps = stream::poll_fn(|_| Poll::Ready(Some(USER.get())));
    let context = Context::new().with_value(&USER, "stream");
    let mut steps = pin!(ContextStreamExt::in_context(steps, context));
    assert_eq!(USER.get(), "anonymous");
    assert_eq!(poll_once(pin!(steps.next())), Poll::Ready(Some("stream")));
    assert_eq!(USER.get(), "anonymous");
}
