//! The begin and the end of a request's scope, without a server, on tokio's clock, which is paused.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Pending, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{self, Poll};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use context_vars::Context;
use context_vars::deadline::{self, CancelWithRequest, CancelledKind, Elapsed};
use context_vars::task::spawn;
use context_vars::web::{ContextBody, ContextLayer};
use futures::{FutureExt, stream};
use http::request::Parts;
use http::{HeaderName, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Children, USER, dots, end, ms};
use crate::support::{Seen, ask, ask_text, data, get, respond_with, soon, text};

type AnyError = Box<dyn Error + Send + Sync>;

fn elapsed(error: &AnyError) -> Option<&Elapsed> {
    error.downcast_ref()
}

/// Gives each request 50 ms.
fn limit() -> ContextLayer {
    ContextLayer::new().deadline(ms(50))
}

/// The time limit of a request of each layer, as its handler sees it.
async fn time_left(layer: ContextLayer) -> String {
    let handler = respond_with(|_| format!("{:?}", deadline::time_left()));
    ask_text(layer.layer(handler), &[("x-ms", b"70")]).await
}

fn asked(parts: &Parts) -> Option<Duration> {
    let text = parts.headers.get("x-ms")?.to_str().ok()?;
    text.parse().ok().map(ms)
}

#[tokio::test(start_paused = true)]
async fn nearest_of_all_deadlines_counts() {
    let layer = ContextLayer::new;
    for (what, layer) in [
        ("no scope", layer()),
        ("cancel_on_disconnect", layer().cancel_on_disconnect()),
        ("too long", layer().deadline(Duration::MAX)),
        ("none found", layer().deadline_from(|_| None)),
    ] {
        assert_eq!(time_left(layer).await, "None", "{what}");
    }
    for (layer, expected) in [
        (layer().deadline(ms(50)), "Some(50ms)"),
        (layer().deadline_from(asked), "Some(70ms)"),
        (layer().deadline(ms(50)).deadline_from(asked), "Some(50ms)"),
        (layer().deadline_from(asked).deadline(ms(90)), "Some(70ms)"),
        (layer().deadline(ms(90)).deadline(ms(50)), "Some(50ms)"),
    ] {
        assert_eq!(time_left(layer).await, expected);
    }
    for (layer, expected) in [
        (layer().deadline(ms(50)), "Some(30ms)"),
        (layer().deadline(ms(20)), "Some(20ms)"),
        (layer().detached().deadline(ms(50)), "Some(50ms)"),
    ] {
        let inside = deadline::timeout(ms(30), time_left(layer));
        assert_eq!(inside.await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn closure_of_the_deadline_sees_what_the_steps_have_set() {
    let layer = ContextLayer::new()
        .deadline_from(|_| (USER.get() == "alice").then(|| ms(50)))
        .set(&USER, |_| Some("alice".into()));
    assert_eq!(time_left(layer).await, "Some(50ms)");
}

fn never() -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    pending()
}

#[tokio::test(start_paused = true)]
async fn service_past_its_time_is_dropped_inside_and_answered_with_an_empty_504() {
    let seen = Seen::default();
    let (children, mut receiver) = Children::new();
    let handler = service_fn(async |_: Request<String>| {
        children.spawn();
        let on_drop = || format!("{} {}", USER.get(), deadline::is_cancelled());
        let _on_drop = seen.note_drop("handler", on_drop);
        never().await
    });
    let layer = limit()
        .set(&USER, |_| Some("alice".into()))
        .echo(HeaderName::from_static("x-user"), &USER);
    let start = Instant::now();
    let response = ask(layer.layer(handler), &[]).await;
    assert_eq!(start.elapsed(), ms(50));
    assert_eq!(seen.lines(), ["handler alice true"]);
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(response.headers()["x-user"], "alice");
    assert!(response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), Some(0));
    assert_eq!(text(response).await, "");
    assert_eq!(end(&mut receiver).await, CancelledKind::Elapsed);
}

#[tokio::test(start_paused = true)]
async fn answer_to_a_request_past_its_time_is_made_inside_and_knows_whose_time_it_was() {
    let layer = limit()
        .set(&USER, |_| Some("alice".into()))
        .on_elapsed(|elapsed| {
            let response = Response::builder().status(503);
            let response = response.header("x-why", format!("{} {elapsed}", USER.get()));
            response.body(()).unwrap()
        });
    let service = layer.layer(service_fn(|_: Request<String>| never()));
    let own = ask(service.clone(), &[]).await;
    assert_eq!(own.status(), 503);
    assert_eq!(own.headers()["x-why"], "alice the deadline has passed");
    // The layer's own timer fires first, since it is inside.
    let inherited = deadline::timeout(ms(10), ask(service, &[])).await.unwrap();
    let why = &inherited.headers()["x-why"];
    assert_eq!(why, "alice the inherited deadline has passed");
}

#[tokio::test(start_paused = true)]
async fn body_in_time_is_whole_and_one_past_its_time_ends_with_the_error() {
    let layer = ContextLayer::new().deadline(ms(55));
    let streaming = |count| layer.layer(respond_with(move |_| dots(count)));
    assert_eq!(ask_text(streaming(5), &[]).await, ".....");
    let start = Instant::now();
    let mut body = Box::pin(ask(streaming(6), &[]).await.into_body());
    let mut frames = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(_) => frames += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((frames, start.elapsed()), (5, ms(55)));
    assert_eq!(elapsed(&error).map(Elapsed::is_inherited), Some(false));
    assert!(body.frame().await.is_none());
    assert!(body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn body_that_is_always_ready_fails_once_its_time_is_over() {
    let handler = respond_with(|_| {
        StreamBody::new(stream::repeat_with(|| {
            Ok::<_, Infallible>(Frame::data(Bytes::new()))
        }))
    });
    let mut body = pin!(ask(limit().layer(handler), &[]).await.into_body());
    data(&mut body).await;
    sleep(ms(60)).await;
    let frame = body.frame().await.unwrap();
    assert!(frame.is_ok(), "was ready in the poll that found it over");
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(elapsed(&error).is_some());
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn answer_of_a_service_whose_own_call_ran_out_of_time_is_whole() {
    let (children, mut receiver) = Children::new();
    let handler = service_fn(async |_: Request<String>| {
        children.spawn();
        let call = deadline::timeout(ms(1000), pending::<()>());
        let error = call.await.unwrap_err();
        Ok::<_, Infallible>(Response::new(error.to_string()))
    });
    let response = ask(limit().layer(handler), &[]).await;
    assert_eq!(response.status(), 200);
    // The child is stopped although the server has not polled the body.
    assert_eq!(end(&mut receiver).await, CancelledKind::Elapsed);
    assert_eq!(text(response).await, "the inherited deadline has passed");
}

/// A body of the chunks that a task sends. It ends when the task is gone and all chunks were received.
struct Received(mpsc::Receiver<Bytes>);

impl Body for Received {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|data| Some(Ok(Frame::data(data?))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_closed() && self.0.is_empty()
    }
}

/// Sends one dot and then waits, until its request ends.
fn dot_of_a_child() -> Received {
    let (sender, receiver) = mpsc::channel(1);
    spawn(deadline::cancel_with_request(async move {
        sender.send(Bytes::from_static(b".")).await.unwrap();
        pending::<()>().await;
    }));
    Received(receiver)
}

#[tokio::test(start_paused = true)]
async fn work_behind_a_body_that_is_not_polled_stops_at_the_deadline_and_the_body_fails() {
    for polls_before in [0, 1] {
        let (children, mut receiver) = Children::new();
        let handler = respond_with(|_| {
            children.spawn();
            dot_of_a_child()
        });
        let start = Instant::now();
        let mut body = pin!(ask(limit().layer(handler), &[]).await.into_body());
        for _ in 0..polls_before {
            assert_eq!(data(&mut body).await, ".");
        }
        assert_eq!(end(&mut receiver).await, CancelledKind::Elapsed);
        assert_eq!(start.elapsed(), ms(50));
        // The rest in the channel and the end of the sender look like a whole body.
        assert!(!body.is_end_stream());
        for _ in polls_before..1 {
            assert_eq!(data(&mut body).await, ".");
        }
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(elapsed(&error).is_some());
        assert!(body.is_end_stream());
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_a_body_starts_stops_at_the_deadline_though_the_body_is_not_polled() {
    let (children, mut receiver) = Children::new();
    let handler = respond_with(|_| {
        let children = children.clone();
        StreamBody::new(stream::repeat_with(move || {
            children.spawn();
            Ok::<_, Infallible>(Frame::data(Bytes::new()))
        }))
    });
    let mut body = pin!(ask(limit().layer(handler), &[]).await.into_body());
    data(&mut body).await;
    assert_eq!(end(&mut receiver).await, CancelledKind::Elapsed);
}

/// The context of a request, and its response, whose body was not polled.
async fn context_of_a_request() -> (Context, Response<ContextBody<Full<Bytes>>>) {
    let context = OnceLock::new();
    let handler = respond_with(|_| {
        context.set(Context::current()).unwrap();
        Full::from("text")
    });
    let response = ask(limit().layer(handler), &[]).await;
    (context.into_inner().unwrap(), response)
}

type Waiting = CancelWithRequest<Pending<()>>;

/// Begins to wait for the end of the request of `context`.
fn wait_in(mut context: Context) -> Waiting {
    context.run(|| deadline::cancel_with_request(pending()))
}

fn wait_in_a_thread(context: Context) -> Waiting {
    thread::spawn(|| wait_in(context)).join().unwrap()
}

fn wait_in_a_short_runtime(context: Context) -> Waiting {
    let in_runtime = || {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        wait_in(context)
    };
    thread::spawn(in_runtime).join().unwrap()
}

#[tokio::test(start_paused = true)]
async fn work_behind_a_body_that_is_not_polled_stops_at_the_deadline_wherever_it_first_waits() {
    for wait_first in [wait_in, wait_in_a_thread, wait_in_a_short_runtime] {
        let start = Instant::now();
        let (context, _response) = context_of_a_request().await;
        for waiting in [wait_first(context.clone()), wait_in(context)] {
            let cancelled = soon(waiting).await.unwrap_err();
            assert_eq!(cancelled.kind(), CancelledKind::Elapsed);
        }
        assert_eq!(start.elapsed(), ms(50));
    }
}

#[test]
fn context_that_is_kept_after_its_request_keeps_nothing_of_the_runtime() {
    let held = Arc::new(());
    let of_the_runtime = Arc::downgrade(&held);
    let mut runtime = Builder::new_current_thread();
    runtime.enable_time().on_thread_park(move || {
        let _ = &held;
    });
    let runtime_and_hook = (runtime.build().unwrap(), runtime);
    let (context, response) = runtime_and_hook.0.block_on(context_of_a_request());
    drop(response);
    drop(runtime_and_hook);
    assert!(of_the_runtime.upgrade().is_none());
    drop(context);
}

#[tokio::test(start_paused = true)]
async fn only_work_that_waits_for_the_end_costs_a_task_which_ends_with_the_scope() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let (children, mut receiver) = Children::new();
    for has_child in [false, true] {
        let handler = respond_with(|_| {
            if has_child {
                children.spawn();
            }
            Full::<Bytes>::from("text")
        });
        let response = ask(limit().layer(handler), &[]).await;
        assert_eq!(tasks(), if has_child { 2 } else { 0 });
        assert_eq!(text(response).await, "text");
    }
    assert_eq!(end(&mut receiver).await, CancelledKind::Completed);
    sleep(ms(1)).await; // until all other tasks rest
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn error_of_the_body_comes_out_as_it_is() {
    let handler = respond_with(|_| {
        let broken = std::io::Error::other("broken");
        StreamBody::new(stream::iter([Err::<Frame<Bytes>, _>(broken)]))
    });
    for layer in [ContextLayer::new(), limit()] {
        let body = ask(layer.layer(handler.clone()), &[]).await.into_body();
        let error = body.collect().await.unwrap_err();
        let error = error.downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(error.to_string(), "broken");
    }
}

/// A service whose every request has a child, and a body of the given kind.
fn parent<B: Body<Data = Bytes, Error = Infallible>>(
    children: Children,
    body: impl Fn() -> B + Clone,
) -> impl Service<Request<String>, Response = Response<ContextBody<B>>, Error = Infallible> + Clone
{
    let handler = service_fn(move |_: Request<String>| {
        children.spawn();
        let response = Response::new(body());
        async {
            sleep(ms(10)).await;
            Ok::<_, Infallible>(response)
        }
    });
    ContextLayer::new().cancel_on_disconnect().layer(handler)
}

#[tokio::test(start_paused = true)]
async fn scope_ends_with_the_last_byte_however_a_server_finds_the_end() {
    let (children, mut receiver) = Children::new();
    // A body that says that it is at its end is not polled, but dropped.
    let empty = ask(parent(children.clone(), Empty::new), &[]).await;
    assert!(empty.body().is_end_stream());
    drop(empty);
    assert_eq!(end(&mut receiver).await, CancelledKind::Completed);

    let full = ask(parent(children.clone(), || Full::from("text")), &[]).await;
    let mut body = pin!(full.into_body());
    assert_eq!(body.size_hint().exact(), Some(4));
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(end(&mut receiver).await, CancelledKind::Completed);

    let mut stream = pin!(ask(parent(children, || dots(2)), &[]).await.into_body());
    for _ in 0..2 {
        stream.frame().await.unwrap().unwrap();
    }
    let child = receiver.recv().await.unwrap();
    sleep(ms(10)).await;
    assert!(!child.is_finished(), "the end was not seen");
    assert!(stream.frame().await.is_none());
    let cancelled = child.await.unwrap().unwrap_err();
    assert_eq!(cancelled.kind(), CancelledKind::Completed);
}

#[tokio::test(start_paused = true)]
async fn children_stop_when_the_future_or_the_body_is_dropped() {
    let (children, mut receiver) = Children::new();
    let mut service = parent(children, || dots(1000));
    let future = Box::pin(service.call(get(&[])));
    drop(future); // never polled
    assert_eq!(end(&mut receiver).await, CancelledKind::Dropped);

    let mut future = Box::pin(service.call(get(&[])));
    assert!(future.as_mut().now_or_never().is_none());
    drop(future);
    assert_eq!(end(&mut receiver).await, CancelledKind::Dropped);

    let response = service.call(get(&[])).await.unwrap();
    let mut body = Box::pin(response.into_body());
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(end(&mut receiver).await, CancelledKind::Dropped);
}

#[tokio::test(start_paused = true)]
async fn children_of_a_request_without_a_scope_go_on() {
    let (children, mut receiver) = Children::new();
    let handler = respond_with(|_| {
        children.spawn();
        String::new()
    });
    ask_text(ContextLayer::new().layer(handler), &[]).await;
    let child = receiver.recv().await.unwrap();
    sleep(ms(1000)).await;
    assert!(!child.is_finished());
    child.abort();
}

#[tokio::test(start_paused = true)]
async fn service_that_fails_ends_its_scope() {
    let (children, mut receiver) = Children::new();
    let handler = service_fn(async |_: Request<String>| {
        children.spawn();
        Err::<Response<String>, _>("failed")
    });
    let service = limit().layer(handler);
    assert_eq!(service.oneshot(get(&[])).await.unwrap_err(), "failed");
    assert_eq!(end(&mut receiver).await, CancelledKind::Completed);
}

#[tokio::test(start_paused = true)]
async fn inner_layer_gives_up_first_and_the_outer_one_passes_its_answer_on() {
    let service = service_fn(|_: Request<String>| never());
    let inner = ContextLayer::new().deadline(ms(80)).layer(service);
    let start = Instant::now();
    let response = ask(limit().layer(inner), &[]).await;
    assert_eq!(start.elapsed(), ms(50));
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(text(response).await, "");
}
