//! What the layer puts into a context, and how long it lasts.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};

use context_vars::web::{ContextLayer, ResponseFuture, WithContext};
use context_vars::{Context, context_var, prelude::*};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{OnDrop, Seen, get, text};

context_var! {
    static USER: String = "anonymous".to_owned();
    static TENANT: String;
    static LANGUAGE: String = "en".to_owned();
    #[no_inherit]
    static CONNECTION: u32 = 0;
}

const TENANT_HEADER: HeaderName = HeaderName::from_static("x-tenant");

fn header(parts: &Parts, name: &str) -> Option<String> {
    Some(parts.headers.get(name)?.to_str().ok()?.to_owned())
}

async fn who(_: Request<String>) -> Result<Response<String>, Infallible> {
    let before = USER.get();
    tokio::task::yield_now().await;
    assert_eq!(before, USER.get());
    Ok(Response::new(format!(
        "{before} {}",
        TENANT.get_or("no tenant".into())
    )))
}

fn user_layer() -> ContextLayer {
    ContextLayer::new().set(&USER, |parts: &Parts| header(parts, "x-user"))
}

#[tokio::test]
async fn set_takes_a_value_from_the_request_and_leaves_the_variable_on_none() {
    let service = user_layer().layer(service_fn(who));
    let response = service.clone().oneshot(get(&[("x-user", b"alice")])).await;
    assert_eq!(text(response.unwrap()).await, "alice no tenant");
    let response = service.clone().oneshot(get(&[])).await;
    assert_eq!(text(response.unwrap()).await, "anonymous no tenant");
    assert!(!USER.is_set());
}

#[tokio::test]
async fn steps_run_in_the_order_in_which_they_were_told_inside_the_context() {
    let layer = user_layer()
        .set(&TENANT, |_| Some(format!("tenant of {}", USER.get())))
        .set(&USER, |_| Some(format!("{} the second", USER.get())));
    let response = layer
        .layer(service_fn(who))
        .oneshot(get(&[("x-user", b"alice")]))
        .await;
    assert_eq!(
        text(response.unwrap()).await,
        "alice the second tenant of alice"
    );
}

#[tokio::test]
async fn what_a_closure_sets_is_part_of_the_request_and_of_nothing_else() {
    let layer = ContextLayer::new().set(&TENANT, |_| {
        drop(USER.set("set beside".into()));
        Some("acme".into())
    });
    let service = layer.layer(service_fn(who));
    let response = service.oneshot(get(&[])).await;
    assert_eq!(text(response.unwrap()).await, "set beside acme");
    assert!(!USER.is_set());
}

#[tokio::test]
async fn request_starts_in_a_copy_of_the_callers_context_or_in_none() {
    let call = async |layer: ContextLayer| {
        let response = layer.layer(service_fn(who)).oneshot(get(&[])).await;
        text(response.unwrap()).await
    };
    let (copy, isolated) = USER
        .scope("caller".into(), async {
            let both = (
                call(ContextLayer::new()).await,
                call(ContextLayer::new().isolated()).await,
            );
            assert_eq!(USER.get(), "caller");
            both
        })
        .await;
    assert_eq!(copy, "caller no tenant");
    assert_eq!(isolated, "anonymous no tenant");
}

#[tokio::test]
async fn no_inherit_is_left_out_unless_the_layer_sets_it() {
    // R14
    let seen = Seen::default();
    let handler = {
        let seen = seen.clone();
        service_fn(move |_: Request<String>| {
            let seen = seen.clone();
            async move {
                seen.note(CONNECTION.get().to_string());
                Ok::<_, Infallible>(Response::new(String::new()))
            }
        })
    };
    CONNECTION
        .scope(7, async {
            let plain = ContextLayer::new().layer(handler.clone());
            plain.oneshot(get(&[])).await.unwrap();
            let set = ContextLayer::new().set(&CONNECTION, |_| Some(8));
            set.layer(handler).oneshot(get(&[])).await.unwrap();
        })
        .await;
    assert_eq!(seen.lines(), ["0", "8"]);
}

#[tokio::test]
async fn two_requests_polled_in_turn_keep_their_own() {
    let service = user_layer().layer(service_fn(who));
    let (a, b) = tokio::join!(
        service.clone().oneshot(get(&[("x-user", b"alice")])),
        service.clone().oneshot(get(&[("x-user", b"bob")])),
    );
    assert_eq!(text(a.unwrap()).await, "alice no tenant");
    assert_eq!(text(b.unwrap()).await, "bob no tenant");
}

#[tokio::test]
async fn call_itself_runs_inside_and_poll_ready_outside() {
    #[derive(Clone)]
    struct Notes(Seen);
    impl Service<Request<String>> for Notes {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<String>, Infallible>>;
        fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
            self.0.note(format!("ready {}", USER.get()));
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request<String>) -> Self::Future {
            self.0.note(format!("call {}", USER.get()));
            std::future::ready(Ok(Response::new(String::new())))
        }
    }
    let seen = Seen::default();
    let service = user_layer().layer(Notes(seen.clone()));
    service.oneshot(get(&[("x-user", b"alice")])).await.unwrap();
    assert_eq!(seen.lines(), ["ready anonymous", "call alice"]);
}

#[tokio::test]
async fn nested_layers_copy_and_the_inner_one_gives_nothing_back() {
    let inner = ContextLayer::new().set(&TENANT, |_| Some("inner".into()));
    let outer = user_layer()
        .set(&TENANT, |_| Some("outer".into()))
        .echo(TENANT_HEADER, &TENANT);
    let service = outer.layer(inner.layer(service_fn(who)));
    let response = service.oneshot(get(&[("x-user", b"alice")])).await.unwrap();
    assert_eq!(response.headers()["x-tenant"], "outer");
    assert_eq!(text(response).await, "alice inner");
}

// ---- echo ----

#[tokio::test]
async fn echo_sends_what_the_variable_is_in_the_end() {
    let handler = service_fn(async |_: Request<String>| {
        drop(TENANT.set("set by the handler".into()));
        let mut response = Response::new(String::new());
        let own = HeaderValue::from_static("the handler's own");
        response.headers_mut().append(TENANT_HEADER, own.clone());
        response.headers_mut().append(TENANT_HEADER, own);
        Ok::<_, Infallible>(response)
    });
    let layer = ContextLayer::new()
        .set(&TENANT, |_| Some("set by the layer".into()))
        .echo(TENANT_HEADER, &TENANT);
    let response = layer.layer(handler).oneshot(get(&[])).await.unwrap();
    let all: Vec<_> = response.headers().get_all(TENANT_HEADER).iter().collect();
    assert_eq!(all, ["set by the handler"]);
}

#[tokio::test]
async fn echo_sends_a_default_and_nothing_where_there_is_none() {
    let layer = ContextLayer::new()
        .echo(TENANT_HEADER, &TENANT)
        .echo(HeaderName::from_static("content-language"), &LANGUAGE);
    let response = layer
        .layer(service_fn(who))
        .oneshot(get(&[]))
        .await
        .unwrap();
    assert_eq!(response.headers()["content-language"], "en");
    assert!(!response.headers().contains_key(TENANT_HEADER));
}

#[tokio::test]
async fn echo_sends_no_text_that_may_not_stand_in_a_header() {
    for bad in ["two\r\nx-admin: true", "\u{1b}[31m", "müller"] {
        let layer = ContextLayer::new()
            .set(&TENANT, move |_| Some(bad.to_owned()))
            .echo(TENANT_HEADER, &TENANT);
        let response = layer
            .layer(service_fn(who))
            .oneshot(get(&[]))
            .await
            .unwrap();
        assert!(response.headers().is_empty(), "{bad:?}");
    }
}

// ---- ways out ----

#[tokio::test]
async fn failed_service_is_dropped_inside_and_its_error_comes_out() {
    let seen = Seen::default();
    let note = seen.clone();
    let handler = service_fn(move |_: Request<String>| {
        let guard = note.note_drop("future", || USER.get());
        async move {
            let _guard = guard;
            Err::<Response<String>, _>("failed")
        }
    });
    let service = user_layer().layer(handler);
    let result = service.oneshot(get(&[("x-user", b"alice")])).await;
    assert_eq!(result.unwrap_err(), "failed");
    assert_eq!(seen.lines(), ["future alice"]);
}

#[test]
fn cancelled_request_is_dropped_inside_polled_or_not() {
    // R15
    for polls in [0, 1] {
        let seen = Seen::default();
        let note = seen.clone();
        let mut service = user_layer().layer(service_fn(move |_: Request<String>| {
            let guard = note.note_drop("future", || USER.get());
            async move {
                let _guard = guard;
                pending::<Result<Response<String>, Infallible>>().await
            }
        }));
        let mut future = Box::pin(service.call(get(&[("x-user", b"alice")])));
        for _ in 0..polls {
            let polled = future.as_mut().poll(&mut Task::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        USER.sync_scope("who drops".into(), || drop(future));
        assert_eq!(seen.lines(), ["future alice"], "after {polls} polls");
    }
}

#[test]
fn panics_leave_the_callers_context_as_it_was() {
    // R8
    fn panicking(where_: &str) -> Result<(), Box<dyn std::any::Any + Send>> {
        let (early, late) = (where_ == "call", where_ == "poll");
        let layer = if where_ == "closure" {
            ContextLayer::new().set(&USER, |_| panic!("closure"))
        } else {
            user_layer()
        };
        let mut service = layer.layer(service_fn(move |_: Request<String>| {
            assert!(!early, "call");
            async move {
                assert!(!late, "poll");
                Ok::<_, Infallible>(Response::new(String::new()))
            }
        }));
        catch_unwind(AssertUnwindSafe(|| {
            let mut future = pin!(service.call(get(&[("x-user", b"alice")])));
            let _ = future.as_mut().poll(&mut Task::from_waker(Waker::noop()));
        }))
    }
    for where_ in ["closure", "call", "poll"] {
        USER.sync_scope("outer".into(), || {
            let payload = panicking(where_).unwrap_err();
            assert_eq!(*payload.downcast::<&str>().unwrap(), where_);
            assert_eq!(USER.get(), "outer");
        });
    }
}

#[test]
fn body_is_dropped_inside_although_the_drop_of_the_future_panics() {
    type Hook = OnDrop<Box<dyn FnMut()>>;
    struct Answers(Option<Response<Hook>>);
    impl Future for Answers {
        type Output = Result<Response<Hook>, Infallible>;
        fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Task<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(self.0.take().unwrap()))
        }
    }
    impl Drop for Answers {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let seen = Seen::default();
    let note = seen.clone();
    let mut service = user_layer().layer(service_fn(move |_: Request<String>| {
        let note = note.clone();
        let body: Box<dyn FnMut()> = Box::new(move || note.note(USER.get()));
        Answers(Some(Response::new(OnDrop(body))))
    }));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut future = pin!(service.call(get(&[("x-user", b"alice")])));
        let _ = future.as_mut().poll(&mut Task::from_waker(Waker::noop()));
    }));
    assert!(result.is_err());
    assert_eq!(seen.lines(), ["alice"]);
    assert!(!USER.is_set());
}

#[test]
fn polling_after_completion_panics_in_our_words() {
    let mut service = user_layer().layer(service_fn(who));
    let mut future = pin!(service.call(get(&[])));
    let mut task = Task::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut task).is_pending());
    assert!(future.as_mut().poll(&mut task).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut task)));
    let text = *again.err().unwrap().downcast::<&str>().unwrap();
    assert_eq!(text, "work in a context was polled after it had completed");
}

// ---- types ----

#[test]
fn layer_can_be_named_shared_and_printed() {
    struct State {
        layer: ContextLayer,
    }
    fn ordinary<T: Clone + Send + Sync + Unpin + 'static>(_: &T) {}
    fn sendable<T: Send + 'static>(_: &T) {}
    let state = State {
        layer: user_layer(),
    };
    ordinary(&state.layer);
    let mut service: WithContext<_> = state.layer.layer(service_fn(who));
    ordinary(&service);
    let future: ResponseFuture<_> = service.call(get(&[]));
    sendable(&future);
    assert_eq!(format!("{:?}", state.layer), "ContextLayer { .. }");
    assert_eq!(format!("{service:?}"), "WithContext { .. }");
    assert_eq!(format!("{future:?}"), "ResponseFuture { .. }");
}

#[tokio::test]
async fn layer_that_is_built_on_leaves_its_clones_as_they_were() {
    let first = ContextLayer::new().set(&USER, |_| Some("first".into()));
    let second = first
        .clone()
        .set(&USER, |_| Some("second".into()))
        .isolated();
    for (layer, expected) in [(first, "first acme"), (second, "second no tenant")] {
        let response = TENANT
            .scope(
                "acme".into(),
                layer.layer(service_fn(who)).oneshot(get(&[])),
            )
            .await;
        assert_eq!(text(response.unwrap()).await, expected);
    }
    assert!(Context::current().is_empty());
}

#[tokio::test]
async fn what_is_wrapped_inside_a_request_inherits() {
    let handler = service_fn(async |_: Request<String>| {
        let task = tokio::spawn(async { USER.get() }.inherit_context());
        Ok::<_, Infallible>(Response::new(task.await.unwrap()))
    });
    let service = user_layer().layer(handler);
    let response = service.oneshot(get(&[("x-user", b"alice")])).await;
    assert_eq!(text(response.unwrap()).await, "alice");
}
