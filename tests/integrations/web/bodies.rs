//! The body of a response goes on in the request's own context, to its drop.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use context_vars::web::ContextLayer;
use context_vars::{Context, ContextExt, context_var};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{OnDrop, Seen, ask, ask_text, chunks, data, respond_with, text};

mod hints;
mod warned_of;

type Hook = Box<dyn FnMut() + Send + Sync>;

context_var! {
    static USER: String = "anonymous".to_owned();
    static COUNT: u32 = 0;
    static VALUE: OnDrop<Hook>;
}

fn alice() -> Context {
    Context::new().with_value(&USER, "alice".into())
}

fn layer() -> ContextLayer {
    ContextLayer::new().set(&USER, |_| Some("alice".into()))
}

#[tokio::test]
async fn frames_see_what_the_request_set_until_its_last_poll() {
    let handler = service_fn(async |_: Request<String>| {
        USER.set("set by the handler".into());
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Response::new(chunks(2, |n| {
            format!("{n} {}; ", USER.get())
        })))
    });
    // A middleware inside the layer, which sets something when the handler is over.
    let middleware = service_fn(move |request: Request<String>| async move {
        let response = handler.oneshot(request).await;
        tokio::task::yield_now().await;
        USER.set(format!("{}, then by the middleware", USER.get()));
        response
    });
    assert_eq!(
        ask_text(layer().layer(middleware), &[]).await,
        "0 set by the handler, then by the middleware; \
         1 set by the handler, then by the middleware; "
    );
}

#[tokio::test]
async fn body_has_the_context_itself_and_not_a_copy() {
    // R4: a token is refused in a copy of the context that made it.
    let handler = respond_with(|_| {
        let mut token = Some(USER.set("bob".into()));
        chunks(2, move |_| {
            let before = USER.get();
            if let Some(token) = token.take() {
                USER.reset(token).expect("a token of this context");
            }
            format!("{before} ")
        })
    });
    assert_eq!(ask_text(layer().layer(handler), &[]).await, "bob alice ");
}

#[tokio::test]
async fn what_a_frame_sets_is_seen_by_the_next_and_by_nobody_else() {
    let service = ContextLayer::new().layer(respond_with(|_| {
        chunks(3, |_| {
            COUNT.set(COUNT.get() + 1);
            COUNT.get().to_string()
        })
    }));
    let (a, b) = (ask(service.clone(), &[]).await, ask(service, &[]).await);
    let both = COUNT.scope(100, async {
        let texts = tokio::join!(text(a), text(b));
        assert_eq!(COUNT.get(), 100);
        texts
    });
    assert_eq!(both.await, ("123".to_owned(), "123".to_owned()));
}

/// Sets a value that notes when it is dropped, and who the user is then.
fn set_value_that_notes_its_drop(seen: &Seen) {
    let seen = seen.clone();
    let hook: Hook = Box::new(move || seen.note(format!("value {}", USER.get())));
    VALUE.set(OnDrop(hook));
}

#[tokio::test]
async fn body_is_dropped_inside_finished_or_not_and_its_values_after_it() {
    // R15, R19
    for frames in 0..=3 {
        let seen = Seen::default();
        let handler = respond_with(|_| {
            set_value_that_notes_its_drop(&seen);
            let guard = seen.note_drop("body", || USER.get());
            chunks(2, move |_| {
                let _ = &guard;
                USER.get()
            })
        });
        let response = ask(layer().layer(handler), &[]).await;
        let mut body = Box::pin(response.into_body());
        for _ in 0..frames {
            if let Some(frame) = body.frame().await {
                assert_eq!(frame.unwrap().into_data().unwrap(), "alice");
            }
        }
        assert!(seen.lines().is_empty(), "{:?}", seen.lines());
        USER.sync_scope("who drops".into(), || drop(body));
        let dropped = ["body alice", "value who drops"];
        assert_eq!(seen.lines(), dropped, "{frames} frames");
    }
}

#[tokio::test]
async fn body_that_says_which_frame_is_its_last_is_dropped_with_it() {
    let seen = Seen::default();
    let handler = respond_with(|_| {
        set_value_that_notes_its_drop(&seen);
        let guard = seen.note_drop("body", || USER.get());
        Full::new(Bytes::from("frame")).map_frame(move |frame| {
            let _ = &guard;
            frame
        })
    });
    let response = ask(layer().layer(handler), &[]).await;
    let mut body = Box::pin(response.into_body());
    assert!(!body.is_end_stream());
    let polls = async {
        assert!(body.frame().await.is_some());
        assert_eq!(seen.lines(), ["body alice", "value who polls"]);
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.frame().await.is_none());
    };
    USER.scope("who polls".into(), polls).await;
    drop(body);
    assert_eq!(seen.lines().len(), 2);
}

#[tokio::test]
async fn panic_in_a_frame_restores_and_the_body_keeps_its_context() {
    let seen = Seen::default();
    let guard = seen.note_drop("body", || USER.get());
    let body = chunks(2, move |n| {
        let _ = &guard;
        assert_ne!(n, 1, "in a frame");
        USER.get()
    });
    let mut body = Box::pin(body.in_context(alice()));
    assert_eq!(data(&mut body).await, "alice");
    let panics = USER.scope("poller".into(), async {
        let frame = AssertUnwindSafe(body.frame()).catch_unwind().await;
        assert_eq!(USER.get(), "poller");
        frame.is_err()
    });
    assert!(panics.await);
    assert!(!USER.is_set());
    drop(body);
    assert_eq!(seen.lines(), ["body alice"]);
}

#[tokio::test]
async fn trailers_are_made_inside_too() {
    let body = Full::new(Bytes::from("data")).with_trailers(async {
        let user = USER.get().parse().unwrap();
        Some(Ok(HeaderMap::from_iter([(
            HeaderName::from_static("x-user"),
            user,
        )])))
    });
    let collected = body.in_context(alice()).collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-user"], "alice");
}

#[tokio::test]
async fn errors_of_a_body_come_out() {
    let frames = futures::stream::iter([Err::<Frame<Bytes>, _>("broken")]);
    // Named in full: a `StreamBody` is a stream and a body at once.
    let body = ContextExt::in_context(StreamBody::new(frames), alice());
    assert_eq!(body.collect().await.unwrap_err(), "broken");
}

#[tokio::test]
async fn body_that_inherits_copies_where_it_is_wrapped() {
    let wrap = || Box::pin(chunks(1, |_| USER.get()).inherit_context());
    let mut body = USER.sync_scope("alice".into(), wrap);
    let frame = USER.scope("poller".into(), data(&mut body)).await;
    assert_eq!(frame, "alice");
}
