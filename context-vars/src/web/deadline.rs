//! Deadlines of requests, and of the requests that they send to others.

use core::time::Duration;
use std::sync::Arc;

use http::Response;
use http::request::Parts;

use super::layer::ContextLayer;
use crate::deadline::Elapsed;

impl ContextLayer {
    /// Gives each request at most `duration`, from the call to the last byte of the response.
    ///
    /// The request runs as in [`deadline::timeout`](crate::deadline::timeout): the functions that it
    /// calls and spawned work that inherits have the deadline, and nested timeouts take the minimum.
    /// Work that it wraps in [`cancel_with_request`](crate::deadline::cancel_with_request) stops with
    /// it. If the work around the call has less time left, for example because of another layer, that
    /// deadline counts, unless this layer is [`detached`](Self::detached). Of several deadlines the
    /// nearest counts, whichever method they come from.
    ///
    /// The scope ends with the last byte of the response, or earlier:
    ///
    /// | what happens | what the client gets |
    /// |---|---|
    /// | the time is over before the service has answered | 504 with an empty body, or the response of [`on_elapsed`](Self::on_elapsed) |
    /// | the time is over while the body is sent | the body ends with an error: a closed connection in HTTP/1, a reset stream in HTTP/2 |
    /// | the client hangs up | nothing |
    ///
    /// In each case the future or the body is dropped inside its context, immediately unless the server does
    /// not poll the body. As with `timeout`, a result that is ready in the poll that finds the time over
    /// still counts. For example, the response of a service whose own call ran out of time reaches the
    /// client, with the first frame of its body. The end of a body of unknown size does not count in that
    /// poll, because the work that fills the body may have been stopped.
    ///
    /// If the client does not read, the server has no room for more data and does not poll the body. The
    /// work that fills the body nevertheless stops at the deadline if it is wrapped in
    /// `cancel_with_request`. The body itself is kept until the client reads again and gets the error, or
    /// until the connection ends. Set a write timeout in the server for clients that neither read nor
    /// close.
    ///
    /// # Panics
    ///
    /// A request panics if it is pending in a poll outside of a tokio runtime with time enabled. While a body
    /// is not polled, its request does not panic. On a runtime without time enabled, the task of the timer
    /// then panics instead, and the work that fills the body is not stopped.
    ///
    /// # Cost
    ///
    /// Each request costs two allocations, one variable in its context, and a timer unless everything is
    /// ready immediately. Each poll that is pending, and each frame, reads the clock. A response holds a
    /// reference to its runtime until the scope ends; the end of the scope then takes a lock. If the request
    /// has work in `cancel_with_request`, its response also spawns a task with a timer, which ends with the
    /// scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::time::Duration;
    /// use context_vars::{deadline, web::ContextLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
    ///     assert!(deadline::time_left().unwrap() <= Duration::from_millis(20));
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = ContextLayer::new().deadline(Duration::from_millis(20));
    /// let service = layer.layer(service_fn(handle));
    /// let response = service.oneshot(Request::new(String::new())).await.unwrap();
    /// assert_eq!(response.status(), 504);
    /// # }
    /// ```
    pub fn deadline(self, duration: Duration) -> Self {
        self.deadline_from(move |_| Some(duration))
    }

    /// Gives each request the time that `find` returns for it, from the call to the last byte of
    /// the response; see [`deadline`](Self::deadline).
    ///
    /// `find` is called inside the request's context, after all steps. If it returns `None`, the
    /// request still has a scope, as with [`cancel_on_disconnect`](Self::cancel_on_disconnect), but no
    /// deadline from this method. A client can ask for any time, so give the layer a
    /// [`deadline`](Self::deadline) as an upper bound, too.
    ///
    /// # Panics
    ///
    /// A request panics if `find` panics for it, and as described at [`deadline`](Self::deadline).
    ///
    /// # Cost
    ///
    /// Equal to [`deadline`](Self::deadline).
    ///
    /// # Examples
    ///
    /// The time that the client asks for in `grpc-timeout`, but at most ten seconds:
    ///
    /// ```
    /// use std::time::Duration;
    /// use context_vars::web::{ContextLayer, grpc_timeout};
    ///
    /// # fn main() {
    /// let layer = ContextLayer::new()
    ///     .deadline_from(grpc_timeout)
    ///     .deadline(Duration::from_secs(10));
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn deadline_from(
        self,
        find: impl Fn(&Parts) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.with_scope(|scope| {
            scope.has_scope = true;
            scope.limits.push(Arc::new(find));
        })
    }

    /// Stops the work that a request wraps in
    /// [`cancel_with_request`](crate::deadline::cancel_with_request) when its client hangs up, or
    /// after the last byte of the response.
    ///
    /// Each request gets the same scope as with [`deadline`](Self::deadline), but no time limit. A
    /// layer without any of these methods gives requests no scope, so `cancel_with_request` never stops
    /// anything there.
    ///
    /// # Panics
    ///
    /// A request panics if the work around the layer has a deadline and the request is polled
    /// outside of a tokio runtime with time enabled.
    ///
    /// # Cost
    ///
    /// Two allocations and one variable in the context, for each request.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{deadline, task, web::ContextLayer};
    /// use http::{Request, Response};
    /// use tokio::sync::mpsc;
    /// use tower::{Layer, Service, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, mut children) = mpsc::unbounded_channel();
    /// let handler = service_fn(move |_: Request<String>| {
    ///     let report = std::future::pending::<()>();
    ///     sender.send(task::spawn(deadline::cancel_with_request(report))).unwrap();
    ///     std::future::pending::<Result<Response<String>, Infallible>>()
    /// });
    /// let mut service = ContextLayer::new().cancel_on_disconnect().layer(handler);
    /// let response = service.call(Request::new(String::new()));
    /// drop(response); // as a server does when the connection is gone
    /// let report = children.recv().await.unwrap();
    /// assert!(report.await.unwrap().is_err());
    /// # }
    /// ```
    pub fn cancel_on_disconnect(self) -> Self {
        self.with_scope(|scope| scope.has_scope = true)
    }

    /// Answers with the response that `answer` returns, instead of an empty 504, when the time of a
    /// request is over before the service has answered. Calling this again replaces the closure.
    ///
    /// `answer` is called inside the request's context. The body of the response is empty;
    /// [`echo`](Self::echo) and the request id are added to its headers.
    ///
    /// # Panics
    ///
    /// A request panics if `answer` panics for it.
    ///
    /// # Examples
    ///
    /// The response that a gRPC client expects. With tonic this is
    /// `Status::deadline_exceeded("").into_http()`:
    ///
    /// ```
    /// use std::time::Duration;
    /// use context_vars::web::{ContextLayer, grpc_timeout};
    /// use http::Response;
    ///
    /// # fn main() {
    /// let layer = ContextLayer::new().deadline_from(grpc_timeout).on_elapsed(|_elapsed| {
    ///     let response = Response::builder()
    ///         .header("content-type", "application/grpc")
    ///         .header("grpc-status", 4);
    ///     response.body(()).expect("valid headers")
    /// });
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn on_elapsed(
        self,
        answer: impl Fn(Elapsed) -> Response<()> + Send + Sync + 'static,
    ) -> Self {
        self.with_scope(|scope| scope.answer = Some(Arc::new(answer)))
    }
}

#[cfg(feature = "propagation")]
mod sent {
    use core::time::Duration;

    use http::{HeaderName, HeaderValue};

    use super::super::deadline_header::DeadlineHeader;
    use super::super::inject::InjectLayer;

    impl InjectLayer {
        /// Sends the time that the current work has left in `header`, to the hosts that get the
        /// variables. Calling this or [`grpc_timeout`](Self::grpc_timeout) again replaces the
        /// header.
        ///
        /// If the request already has a header of that name, that header is replaced. Work without a
        /// deadline sends no header, and leaves an existing one unchanged.
        ///
        /// # Panics
        ///
        /// A request panics if `encode` panics for it.
        ///
        /// # Examples
        ///
        /// In whole milliseconds, rounded down:
        ///
        /// ```
        /// use context_vars::{propagation::Propagator, web::InjectLayer};
        /// use http::{HeaderName, HeaderValue};
        ///
        /// # fn main() {
        /// let header = HeaderName::from_static("x-time-left-ms");
        /// let ours = |request: &http::request::Parts| request.uri.host() == Some("stock.internal");
        /// let layer = InjectLayer::new(Propagator::builder().build(), ours)
        ///     .deadline_header(header, |left| {
        ///         HeaderValue::from(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
        ///     });
        /// # let _ = layer;
        /// # }
        /// ```
        pub fn deadline_header(
            self,
            header: HeaderName,
            encode: impl Fn(Duration) -> HeaderValue + Send + Sync + 'static,
        ) -> Self {
            self.with_deadline_header(DeadlineHeader::new(header, encode))
        }

        /// Sends the time that the current work has left in `grpc-timeout`, to the hosts that get the
        /// variables; see [`deadline_header`](Self::deadline_header).
        ///
        /// If the request already has a shorter time in that header, the header stays unchanged.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::convert::Infallible;
        /// use std::time::Duration;
        /// use context_vars::{deadline, propagation::Propagator, web::{InjectLayer, grpc_timeout}};
        /// use http::{Request, Response};
        /// use tower::{Layer, ServiceExt, service_fn};
        ///
        /// async fn server(request: Request<String>) -> Result<Response<String>, Infallible> {
        ///     let (parts, _) = request.into_parts();
        ///     assert!(grpc_timeout(&parts).unwrap() <= Duration::from_secs(1));
        ///     Ok(Response::new(String::new()))
        /// }
        ///
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// let layer = InjectLayer::new(Propagator::builder().build(), |_| true).grpc_timeout();
        /// let client = layer.layer(service_fn(server));
        /// let call = client.oneshot(Request::new(String::new()));
        /// deadline::timeout(Duration::from_secs(1), call).await.unwrap().unwrap();
        /// # }
        /// ```
        pub fn grpc_timeout(self) -> Self {
            self.with_deadline_header(DeadlineHeader::grpc_timeout())
        }
    }
}
