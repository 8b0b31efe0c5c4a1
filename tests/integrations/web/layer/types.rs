//! The types of the layer, of its service and of its future.

use std::convert::Infallible;

use context_vars::web::{ContextLayer, ContextService, ResponseFuture};
use context_vars::{Context, prelude::*};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{TENANT, USER, user_layer, who};
use crate::support::{ask_text, get, text};

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
    let mut service: ContextService<_> = state.layer.layer(service_fn(who));
    ordinary(&service);
    let future: ResponseFuture<_> = service.call(get(&[]));
    sendable(&future);
    assert_eq!(format!("{:?}", state.layer), "ContextLayer { .. }");
    assert_eq!(format!("{service:?}"), "ContextService { .. }");
    assert_eq!(format!("{future:?}"), "ResponseFuture { .. }");
}

#[tokio::test]
async fn layer_that_is_built_on_leaves_its_clones_as_they_were() {
    let first = ContextLayer::new().set(&USER, |_| Some("first".into()));
    let second = first
        .clone()
        .set(&USER, |_| Some("second".into()))
        .detached();
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
    assert_eq!(ask_text(service, &[("x-user", b"alice")]).await, "alice");
}
