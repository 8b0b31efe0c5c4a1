//! Cases that the documentation warns of.

use std::convert::Infallible;

use axum::body::Body as AxumBody;
use context_vars::ContextExt;
use context_vars::with_context;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::{USER, layer};
use crate::support::{Seen, ask_text, chunks, respond_with};

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
    let bare =
        service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(bare().await)));
    assert_eq!(ask_text(layer().layer(bare), &[]).await, "alice");
    let inherits =
        service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(inherits().await)));
    assert_eq!(ask_text(layer().layer(inherits), &[]).await, "scope");
}

#[tokio::test]
async fn service_in_a_buffer_is_called_elsewhere_and_the_layer_inside_is_not() {
    // The call is the worker's, the future is polled where the response is awaited.
    let call = |seen: &Seen| {
        let seen = seen.clone();
        service_fn(move |request: Request<String>| {
            seen.note(format!("call {}", USER.get()));
            respond_with(|_| chunks(1, |_| USER.get())).oneshot(request)
        })
    };
    let seen = Seen::default();
    let outside = layer().layer(tower::buffer::Buffer::new(call(&seen), 4));
    assert_eq!(ask_text(outside, &[]).await, "alice");
    let inside = tower::buffer::Buffer::new(layer().layer(call(&seen)), 4);
    assert_eq!(ask_text(inside, &[]).await, "alice");
    assert_eq!(seen.lines(), ["call anonymous", "call alice"]);
}
