//! The types of the layer, of its service and of its future.

use context_vars::Context;
use context_vars::web::{ContextLayer, ContextService, ResponseFuture};
use tower::{Layer, Service, service_fn};

use super::{TENANT, USER, user_layer, who, who_inside};
use crate::support::get;

#[test]
fn layer_can_be_named_shared_and_printed() {
    fn ordinary<T: Clone + Send + Sync + Unpin + 'static>(_: &T) {}
    fn sendable<T: Send + 'static>(_: &T) {}
    let layer: ContextLayer = user_layer();
    ordinary(&layer);
    let mut service: ContextService<_> = layer.layer(service_fn(who));
    ordinary(&service);
    let future: ResponseFuture<_> = service.call(get(&[]));
    sendable(&future);
    assert_eq!(format!("{layer:?}"), "ContextLayer { .. }");
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
        let who = TENANT.scope("acme".into(), who_inside(layer, &[]));
        assert_eq!(who.await, expected);
    }
    assert!(Context::current().is_empty());
}
