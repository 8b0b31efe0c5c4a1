//! Errors, cancellation and panics.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as Task, Poll};

use context_vars::web::ContextLayer;
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{USER, user_layer, who};
use crate::support::{OnDrop, Seen, get, noop, poll_once};

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
            let polled = poll_once(future.as_mut());
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
            let _ = poll_once(future.as_mut());
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
        let _ = poll_once(future.as_mut());
    }));
    assert!(result.is_err());
    assert_eq!(seen.lines(), ["alice"]);
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
