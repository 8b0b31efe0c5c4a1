//! Cases that the documentation warns of.

use std::convert::Infallible;

use axum::body::Body as AxumBody;
use context_vars::ContextExt;
use context_vars::with_context;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::{USER, layer};
use crate::support::{Seen, ask_text, chunks, get, text};

#[tokio::test]
async fn scope_on_a_handler_does_not_reach_the_stream_that_it_returns() {
    #[with_context(user = "scope".into())]
    async fn bare() -> AxumBody {
        AxumBody::new(chunks(1, |_| USER.get()))
    }
    #[with_context(user = "scope".into())]
    async fn inherits() -> AxumBody {
        AxumBody::new(chunks(1, |_| USER.get()).inherit_context())
    }
    let handler = service_fn(async |request: Request<String>| {
        let body = match request.uri().path() {
            "/bare" => bare().await,
            _ => inherits().await,
        };
        Ok::<_, Infallible>(Response::new(body))
    });
    let service = layer().layer(handler);
    for (path, expected) in [("/bare", "alice"), ("/inherits", "scope")] {
        let mut request = get(&[]);
        *request.uri_mut() = path.parse().unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(text(response).await, expected, "{path}");
    }
}

#[tokio::test]
async fn service_in_a_buffer_is_called_elsewhere_and_the_layer_inside_is_not() {
    let handler = || {
        service_fn(async |_: Request<String>| {
            Ok::<_, Infallible>(Response::new(chunks(1, |_| USER.get())))
        })
    };
    // The call is the worker's, the future is polled where the response is awaited.
    let call = |seen: &Seen| {
        let seen = seen.clone();
        service_fn(move |request: Request<String>| {
            seen.note(format!("call {}", USER.get()));
            handler().oneshot(request)
        })
    };
    let seen = Seen::default();
    let outside = layer().layer(tower::buffer::Buffer::new(call(&seen), 4));
    assert_eq!(ask_text(outside, &[]).await, "alice");
    let inside = tower::buffer::Buffer::new(layer().layer(call(&seen)), 4);
    assert_eq!(ask_text(inside, &[]).await, "alice");
    assert_eq!(seen.lines(), ["call anonymous", "call alice"]);
}
