//! HTTP requests, each in a context of its own, up to the last byte of the streamed response.
//!
//! [`ContextLayer`] stands around a service: a router of axum, a server of tonic, anything that
//! speaks `tower`. It gives each request a context, fills it from the request, and runs the
//! service's call, its future and the body of its response in this one context. So a user whom a
//! middleware sets is seen by the handler, by the functions below it, and by the stream that the
//! handler returns, which is polled long after the handler is over.
//!
//! # Examples
//!
//! A request id: taken over from the client or made, sent back, and readable everywhere.
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use context_vars::{context_var, web::ContextLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! context_var! {
//!     static REQUEST_ID: u64;
//! }
//!
//! async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
//!     Ok(Response::new(deep_below()))
//! }
//!
//! fn deep_below() -> String {
//!     format!("this is request {}", REQUEST_ID.get())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! static NEXT: AtomicU64 = AtomicU64::new(1);
//! let layer = ContextLayer::new()
//!     .detached()
//!     .request_id(&REQUEST_ID, || NEXT.fetch_add(1, Ordering::Relaxed));
//!
//! let request = Request::get("/").header("x-request-id", "42").body(String::new()).unwrap();
//! let response = layer.layer(service_fn(handle)).oneshot(request).await.unwrap();
//! assert_eq!(response.headers()["x-request-id"], "42");
//!
//! let forged = Request::get("/").header("x-request-id", "4 2").body(String::new()).unwrap();
//! let response = layer.layer(service_fn(handle)).oneshot(forged).await.unwrap();
//! assert_eq!(response.headers()["x-request-id"], "1");
//! # }
//! ```
//!
//! A client may send another client's id. Where that matters, a server that anyone can reach gives
//! each request a new one with [`request_id_always_new`](ContextLayer::request_id_always_new), which
//! replaces the client's header for all layers inside. [`RequestId`] says which ids are accepted,
//! and is for types that have no `FromStr`.
//!
//! With axum it is `Router::new().route(..).layer(layer)`, with tonic
//! `Server::builder().layer(layer)`; `examples/request_id.rs` is a whole server.
//!
//! # Deadlines, and clients that hang up
//!
//! With the feature `deadline` the layer can limit a request's time, from the call to the last byte of
//! the body, and stop what the request has spawned when it ends in any way:
//!
//! | the layer has | past the time | the client hangs up |
//! |---|---|---|
//! | `deadline(duration)`, `deadline_from(find)` | 504, or a body that ends with an error; children stop | children stop |
//! | `cancel_on_disconnect()` | no limit of its own | children stop |
//! | none of these | no limit of its own | children go on |
//!
//! Children are what is wrapped in `deadline::cancel_with_request`; the future and the body themselves
//! are dropped by the server in any case. `InjectLayer` sends on what is left of the time, and
//! `grpc_timeout` reads it.
//!
//! A timeout *around* a handler, or a layer that limits the response's future alone, ends when the head
//! is returned. A body that a task still fills is then not limited, or, if the task is, cut off
//! silently, with status 200. `examples/streamed_deadline.rs` shows both.
//!
//! # Where a context ends
//!
//! * **A scope on a handler does not reach the stream that the handler returns**, since the
//!   stream is polled when the handler is over: `#[with_context]` there lasts for the handler
//!   alone. Set the variable in the request's own context (a middleware inside the layer calls
//!   [`set`](crate::ContextVar::set)), or give the stream a copy of the scope:
//!   `Body::from_stream(stream.inherit_context())`.
//! * **What a handler spawns does not inherit** unless it is asked to:
//!   [`#[inherit_context]`](macro@crate::inherit_context), `task::spawn`.
//! * **`tower::buffer` calls the service inside it in a worker task**, as all layers do that spawn.
//!   Put the [`ContextLayer`] inside the buffer, next to the handlers.
//! * **The callback of an upgrade** (axum's `WebSocketUpgrade::on_upgrade`) runs in a bare task:
//!   `upgrade.on_upgrade(inherit_with(|socket| serve(socket).inherit_context()))`, with
//!   [`inherit_with`](crate::inherit_with) for the callback's own part and `inherit_context` for
//!   the future that it returns.
//! * **What is set around `serve` does not reach requests**: a server spawns a bare task for each
//!   connection, and one more for each request of HTTP/2. Without a runtime that inherits, each
//!   request therefore starts empty; [`detached`](ContextLayer::detached) makes it certain.
//! * **A layer outside the [`ContextLayer`] is outside of the context**: place the layer last in
//!   axum, where the last layer is the outermost, and first in a `ServiceBuilder`.
//! # Clients
//!
//! What the context holds is sent on by a `propagation::Propagator`, which lists the variables:
//!
//! * **hyper-util** and other clients that are `tower` services: an `InjectLayer` around the
//!   client. Its rule says for which requests, by their address, headers or extensions.
//! * **tonic**: an `InjectLayer` around the channel. The requests that it sees have a path without a
//!   host, because a channel has one server: `InjectLayer::new(propagator, |_| true)` for each
//!   channel to a server of yours. A client that is created `with_origin` has the host, too.
//! * **reqwest**: `client.get(url).headers(propagator.headers())`. Headers of the same name are
//!   replaced; those of variables that are not set stay. In a program that copies headers of
//!   incoming requests, build the request and call
//!   `propagator.inject(&Context::current(), request.headers_mut())`.
//! * **reqwest-middleware**: a `Middleware` of five lines that calls the same for each request; the
//!   page on the [web](crate::docs::web#clients) has it.
//!
//! **A client that follows redirects carries headers to other hosts**, like reqwest by default. What
//! was meant for one host is then sent to the next: with variables that identify a user, use
//! `redirect::Policy::none()`.

mod head;
mod request_scope;
mod body;
mod step;
mod request_id;
#[cfg(feature = "deadline")]
mod grpc;
#[cfg(all(feature = "deadline", feature = "propagation"))]
mod deadline_header;
#[cfg(feature = "propagation")]
mod inject;
mod layer;
#[cfg(feature = "deadline")]
mod deadline;

pub use self::body::ContextBody;
#[cfg(feature = "deadline")]
pub use self::grpc::{encode_grpc_timeout, grpc_timeout};
#[cfg(feature = "propagation")]
pub use self::inject::{Inject, InjectLayer};
pub use self::layer::{ContextLayer, ContextService, ResponseFuture};
pub use self::request_id::RequestId;
