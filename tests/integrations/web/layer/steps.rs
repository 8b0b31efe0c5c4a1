//! The values that the steps of the layer set, and the context that the request starts from.

use std::convert::Infallible;
use std::task::{Context as Task, Poll};

use context_vars::web::ContextLayer;
use http::request::Parts;
use http::{Request, Response, Version};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{CONNECTION, TENANT, TENANT_HEADER, USER, user_layer, who, who_inside};
use crate::support::{Seen, ask, ask_text, respond_with, text};

#[tokio::test]
async fn set_takes_a_value_from_the_request_and_leaves_the_variable_on_none() {
    let set = who_inside(user_layer(), &[("x-user", b"alice")]).await;
    assert_eq!(set, "alice no tenant");
    assert_eq!(who_inside(user_layer(), &[]).await, "anonymous no tenant");
    assert!(!USER.is_set());
}

#[tokio::test]
async fn steps_run_in_the_order_in_which_they_were_told_inside_the_context() {
    let layer = user_layer()
        .set(&TENANT, |_| Some(format!("tenant of {}", USER.get())))
        .set(&USER, |_| Some(format!("{} the second", USER.get())));
    let who = who_inside(layer, &[("x-user", b"alice")]).await;
    assert_eq!(who, "alice the second tenant of alice");
}

/// Returns all of the request's head, and an extension.
fn head<B>(request: &Request<B>) -> String {
    let (method, uri, version) = (request.method(), request.uri(), request.version());
    let user = request.headers().get("x-user");
    let extension = request.extensions().get::<u8>();
    format!("{method} {uri} {version:?} {user:?} {extension:?}")
}

#[tokio::test]
async fn closures_read_the_whole_head_and_leave_it_to_the_handler() {
    let seen = Seen::default();
    let note = |what: &'static str| {
        let seen = seen.clone();
        move |parts: &Parts| {
            let request = Request::from_parts(parts.clone(), ());
            seen.note(format!("{what} {}", head(&request)));
        }
    };
    let (set, time) = (note("set"), note("deadline_from"));
    // The id replaces a header of the request, before the closures run.
    let layer = ContextLayer::new()
        .request_id_always_new_header(TENANT_HEADER, &TENANT, || "new".into())
        .set(&USER, move |parts| {
            set(parts);
            None
        })
        .deadline_from(move |parts| {
            time(parts);
            None
        });
    let handler = respond_with(|request| format!("{} {}", head(&request), request.body()));
    let request = Request::post("/path?query").version(Version::HTTP_2);
    let request = request
        .header("x-user", "alice")
        .header(TENANT_HEADER, "old");
    let request = request.extension(7_u8);
    let request = request.body("text".to_owned()).unwrap();
    let response = layer.layer(handler).oneshot(request).await.unwrap();
    let expected = "POST /path?query HTTP/2.0 Some(\"alice\") Some(7)";
    let lines = ["set", "deadline_from"].map(|what| format!("{what} {expected}"));
    assert_eq!(seen.lines(), lines);
    assert_eq!(text(response).await, format!("{expected} text"));
}

#[tokio::test]
async fn what_a_closure_sets_is_part_of_the_request_and_of_nothing_else() {
    let layer = ContextLayer::new().set(&TENANT, |_| {
        USER.set("set beside".into());
        Some("acme".into())
    });
    assert_eq!(who_inside(layer, &[]).await, "set beside acme");
    assert!(!USER.is_set());
}

#[tokio::test]
async fn request_starts_in_a_copy_of_the_callers_context_or_in_none() {
    let layer = ContextLayer::new;
    for (layer, expected) in [
        (layer(), "caller no tenant"),
        (layer().detached(), "anonymous no tenant"),
    ] {
        let call = USER.scope("caller".into(), async {
            let who = who_inside(layer, &[]).await;
            assert_eq!(USER.get(), "caller");
            who
        });
        assert_eq!(call.await, expected);
    }
}

#[tokio::test]
async fn request_does_not_start_in_what_was_set_in_the_root_of_the_thread() {
    // The future of `block_on` may set there, as a middleware may without the feature `tokio`.
    let token = USER.set("left behind by another request".into());
    let who = who_inside(ContextLayer::new(), &[]).await;
    assert_eq!(who, "anonymous no tenant");
    token.reset().unwrap();
}

#[tokio::test]
async fn no_inherit_is_left_out_unless_the_layer_sets_it() {
    // R14
    let connection = |layer: ContextLayer| {
        let service = layer.layer(respond_with(|_| CONNECTION.get().to_string()));
        CONNECTION.scope(7, ask_text(service, &[]))
    };
    assert_eq!(connection(ContextLayer::new()).await, "0");
    let sets = ContextLayer::new().set(&CONNECTION, |_| Some(8));
    assert_eq!(connection(sets).await, "8");
}

#[tokio::test]
async fn two_requests_polled_in_turn_keep_their_own() {
    let service = user_layer().layer(service_fn(who));
    let (a, b) = tokio::join!(
        ask_text(service.clone(), &[("x-user", b"alice")]),
        ask_text(service.clone(), &[("x-user", b"bob")]),
    );
    assert_eq!((&*a, &*b), ("alice no tenant", "bob no tenant"));
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
    ask(service, &[("x-user", b"alice")]).await;
    assert_eq!(seen.lines(), ["ready anonymous", "call alice"]);
}

#[tokio::test]
async fn nested_layers_copy_and_the_inner_one_gives_nothing_back() {
    let inner = ContextLayer::new().set(&TENANT, |_| Some("inner".into()));
    let outer = user_layer()
        .set(&TENANT, |_| Some("outer".into()))
        .echo(TENANT_HEADER, &TENANT);
    let service = outer.layer(inner.layer(service_fn(who)));
    let response = ask(service, &[("x-user", b"alice")]).await;
    assert_eq!(response.headers()["x-tenant"], "outer");
    assert_eq!(text(response).await, "alice inner");
}
