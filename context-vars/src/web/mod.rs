//! HTTP requests, each in a separate context, up to the last byte of the streamed response.
//!
//! [`ContextLayer`] wraps a service: a router of axum, a server of tonic, or any other `tower`
//! service. It gives each request a context, fills it from the request, and runs the service's
//! call, its future and the body of its response in this one context. So a user that a middleware
//! sets is seen by the handler, by the functions that it calls, and by the stream that it returns.
//! That stream is polled long after the handler has returned.
//!
//! # Examples
//!
//! A request id that the client sends or the layer creates. It is sent back, and can be read
//! everywhere.
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
//! A client can send another client's id. If that matters, a public server should give each request
//! a new id with [`request_id_always_new`](ContextLayer::request_id_always_new), which replaces the
//! client's header for all inner layers. [`RequestId`] describes which ids are accepted, and
//! supports types that have no `FromStr`.
//!
//! With axum write `Router::new().route(..).layer(layer)`, and with tonic
//! `Server::builder().layer(layer)`. The file `examples/request_id.rs` is a whole server.
//!
//! # Deadlines, and clients that hang up
//!
//! With the feature `deadline` the layer can limit a request's time, from the call to the last byte of
//! the body. It can also stop the work that the request has spawned, in whatever way the request ends:
//!
//! | the layer has | the time is over | the client hangs up |
//! |---|---|---|
//! | `deadline(duration)`, `deadline_from(find)` | 504, or a body that ends with an error; children stop | children stop |
//! | `cancel_on_disconnect()` | no limit from this layer | children stop |
//! | none of these | no limit from this layer | children continue |
//!
//! Children are work that is wrapped in `deadline::cancel_with_request`. The server drops the future
//! and the body themselves in any case. `InjectLayer` sends on the time that is left, and
//! `grpc_timeout` reads it.
//!
//! A timeout *around* a handler, or a layer that limits the response's future alone, ends when the head
//! is returned. A body that a task still fills is then not limited. If the task itself is limited, the
//! body is cut off silently, with status 200. `examples/streamed_deadline.rs` shows both.
//!
//! # Where a context ends
//!
//! * **A scope on a handler does not reach the stream that the handler returns**, because the
//!   stream is polled after the handler has returned. `#[with_context]` on a handler covers the
//!   handler alone. Set the variable in the request's own context (a middleware inside the layer
//!   calls [`set`](crate::ContextVar::set)), or give the stream a copy of the scope:
//!   `Body::from_stream(stream.inherit_context())`.
//! * **Work that a handler spawns does not inherit** unless you mark or wrap it:
//!   [`#[inherit_context]`](macro@crate::inherit_context), `task::spawn`.
//! * **`tower::buffer` calls the service inside it in a worker task**, as do all layers that spawn.
//!   Put the [`ContextLayer`] inside the buffer, next to the handlers.
//! * **The callback of an upgrade** (axum's `WebSocketUpgrade::on_upgrade`) runs in a bare task:
//!   `upgrade.on_upgrade(inherit_with(|socket| serve(socket).inherit_context()))`, with
//!   [`inherit_with`](crate::inherit_with) for the callback itself and `inherit_context` for the
//!   future that it returns.
//! * **Values that are set around `serve` do not reach requests**: a server spawns a bare task for
//!   each connection, and one more for each request of HTTP/2. Without a runtime that inherits,
//!   each request therefore starts empty; [`detached`](ContextLayer::detached) guarantees it.
//! * **A layer outside the [`ContextLayer`] is outside of the context**: place the layer last in
//!   axum, where the last layer is the outermost, and first in a `ServiceBuilder`.
//!
//! # Clients
//!
//! A `propagation::Propagator` sends on the variables that it lists:
//!
//! * **hyper-util** and other clients that are `tower` services: an `InjectLayer` around the
//!   client. Its rule selects requests by their address, headers or extensions.
//! * **tonic**: an `InjectLayer` around the channel. The requests that it sees have a path without a
//!   host, because a channel has one server. Use `InjectLayer::new(propagator, |_| true)` for each
//!   channel to a server of yours. A client that is created `with_origin` has the host, too.
//! * **reqwest**: `client.get(url).headers(propagator.headers())`. Headers of the same name are
//!   replaced; those of variables that are not set stay. In a program that copies headers of
//!   incoming requests, build the request and call
//!   `propagator.inject(&Context::current(), request.headers_mut())`.
//! * **reqwest-middleware**: a `Middleware` of five lines that calls the same for each request; the
//!   page on the [web](crate::docs::web#clients) has it.
//!
//! **A client that follows redirects carries headers to other hosts**, like reqwest by default.
//! Values that were meant for one host are then sent to the next. With variables that identify a
//! user, use `redirect::Policy::none()`.

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
