//! Errors, cancellation and panics.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::task::Poll;

use context_vars::web::ContextLayer;
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{USER, user_layer, who};
use crate::support::{OnDrop, Seen, get, noop, poll_once};

#[tokio::test]
async fn failed_service_is_dropped_inside_and_its_error_comes_out() {
    let seen = Seen::default();
    let handler = service_fn(async |_: Request<String>| {
        let _guard = seen.note_drop("future", || USER.get());
        Err::<Response<String>, _>("failed")
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
        let mut service = user_layer().layer(service_fn(|_: Request<String>| {
            let guard = seen.note_drop("future", || USER.get());
            async move {
                let _guard = guard;
                pending::<Result<Response<String>, Infallible>>().await
            }
        }));
        let mut future = Box::pin(service.call(get(&[("x-user", b"alice")])));
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        USER.sync_scope("who drops".into(), || drop(future));
        assert_eq!(seen.lines(), ["future alice"], "after {polls} polls");
    }
}

#[test]
fn panics_leave_the_callers_context_as_it_was() {
    // R8
    for place in ["closure", "call", "poll"] {
        let panic_in = move |here: &'static str| {
            if here == place {
                panic_any(here);
            }
        };
        let layer = ContextLayer::new().set(&USER, move |_| {
            panic_in("closure");
            Some("alice".into())
        });
        let mut service = layer.layer(service_fn(move |_: Request<String>| {
            panic_in("call");
            async move {
                panic_in("poll");
                Ok::<_, Infallible>(Response::new(String::new()))
            }
        }));
        USER.sync_scope("outer".into(), || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let _ = poll_once(pin!(service.call(get(&[]))));
            }));
            let payload = result.expect_err(place);
            assert_eq!(*payload.downcast::<&str>().unwrap(), place);
            assert_eq!(USER.get(), "outer", "{place}");
        });
    }
}

#[test]
fn body_is_dropped_inside_although_the_drop_of_the_future_panics() {
    let seen = Seen::default();
    let mut service = user_layer().layer(service_fn(|_: Request<String>| {
        let body = seen.note_drop("body", || USER.get());
        let mut response = Some(Ok::<_, Infallible>(Response::new(body)));
        let bomb = OnDrop(|| panic!("in drop"));
        poll_fn(move |_| {
            let _ = &bomb;
            Poll::Ready(response.take().unwrap())
        })
    }));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _ = poll_once(pin!(service.call(get(&[("x-user", b"alice")]))));
    }));
    assert!(result.is_err());
    assert_eq!(seen.lines(), ["body alice"]);
    assert!(!USER.is_set());
}

#[test]
fn polling_after_completion_panics_in_our_words() {
    let mut service = user_layer().layer(service_fn(who));
    let mut future = pin!(service.call(get(&[])));
    let mut task = noop();
    assert!(future.as_mut().poll(&mut task).is_pending());
    assert!(future.as_mut().poll(&mut task).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut task)));
    let text = *again.err().unwrap().downcast::<&str>().unwrap();
    assert_eq!(text, "work in a context was polled after it had completed");
}
