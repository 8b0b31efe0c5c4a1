//! Deadlines of requests, and of what they ask others.

use core::time::Duration;
use std::sync::Arc;

use http::Response;
use http::request::Parts;

use super::layer::ContextLayer;
use crate::deadline::Elapsed;

impl ContextLayer {
    /// Gives each request at most `duration`, from the call to the last byte of the response.
    ///
    /// The request runs as in [`deadline::timeout`](crate::deadline::timeout): what it calls and spawns
    /// inherits the deadline, nested timeouts take the minimum, and what it wraps in
    /// [`cancel_with_request`](crate::deadline::cancel_with_request) stops with it. If there is less
    /// time around the call (another layer's), that counts, except for a layer that is
    /// [`detached`](Self::detached). Of several deadlines the nearest counts, whichever method they
    /// come from.
    ///
    /// The scope ends with the last byte of the response, or earlier:
    ///
    /// | what happens | what the client gets |
    /// |---|---|
    /// | the time is over before the service has answered | 504 with an empty body, or what [`on_elapsed`](Self::on_elapsed) makes |
    /// | the time is over while the body is sent | the body ends with an error: a closed connection in HTTP/1, a reset stream in HTTP/2 |
    /// | the client hangs up | |
    ///
    /// In each case the future or the body is dropped inside its context, at once unless the server does not
    /// poll the body. What is ready in the poll that finds the time over still counts, as with `timeout`: an
    /// answer that the service gives because its own call ran out of time reaches the client, with the first
    /// frame of its body. The end of a body of unknown size does not count then, because the work that fills
    /// it may have been stopped.
    ///
    /// A server does not poll the body while a client that reads nothing leaves no room for more. The work
    /// behind the body stops at the deadline nevertheless, if it is wrapped in `cancel_with_request`. The
    /// body itself is kept until the client reads again, which then gets the error, or until the connection
    /// ends. Set a write timeout in the server for clients that neither read nor close.
    ///
    /// # Panics
    ///
    /// Requests that are pending in a poll outside of a tokio runtime whose time is enabled. While a body is
    /// not polled, nothing of its request panics: on a runtime whose time is not enabled, the task of the timer
    /// panics, and the work behind the body is not stopped.
    ///
    /// # Cost
    ///
    /// For each request two allocations and a variable in its context, and a timer unless all is ready
    /// at once. Each poll that is pending, and each frame, reads the clock. A response increments the
    /// reference count of its runtime until the scope ends, which then takes a lock. A response whose request
    /// has work in `cancel_with_request` also spawns a task with a timer, which ends with the scope.
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

    /// Gives each request the time that `find` finds in it, from the call to the last byte of the
    /// response; see [`deadline`](Self::deadline).
    ///
    /// `find` is called inside the request's context, after all steps. If it returns `None`, the
    /// request still has a scope, as by [`cancel_on_disconnect`](Self::cancel_on_disconnect), but no
    /// time from here. A client can ask for any time: give the layer a [`deadline`](Self::deadline) as
    /// well to bound it.
    ///
    /// # Panics
    ///
    /// Requests for which `find` panics, and those of [`deadline`](Self::deadline).
    ///
    /// # Cost
    ///
    /// That of [`deadline`](Self::deadline).
    ///
    /// # Examples
    ///
    /// What the client asks for in `grpc-timeout`, but at most ten seconds:
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

    /// Lets what a request wraps in [`cancel_with_request`](crate::deadline::cancel_with_request) stop
    /// when its client hangs up, or with the last byte of the response.
    ///
    /// Gives each request the scope that [`deadline`](Self::deadline) gives it, but no time of its own.
    /// A layer without any of these methods gives requests no scope, so `cancel_with_request` never
    /// stops anything there.
    ///
    /// # Panics
    ///
    /// Requests in a layer around which there is a deadline, if they are polled outside of a tokio
    /// runtime whose time is enabled.
    ///
    /// # Cost
    ///
    /// For each request two allocations and a variable in its context.
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

    /// Answers with what `answer` makes, in place of an empty 504, when the time of a request is over
    /// before the service has answered. Calling this again replaces the closure.
    ///
    /// It is called inside the request's context. The body is empty;
    /// [`echo`](Self::echo) and the request id are added to its headers.
    ///
    /// # Panics
    ///
    /// Requests for which `answer` panics.
    ///
    /// # Examples
    ///
    /// What a gRPC client expects. With tonic this is `Status::deadline_exceeded("").into_http()`:
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
        /// Sends what is left of the current work's time in `header`, to the hosts that get the
        /// variables. Calling this or [`grpc_timeout`](Self::grpc_timeout) again replaces it.
        ///
        /// A header of that name that the request has already is replaced. Work without a limit sends
        /// none, and leaves such a header.
        ///
        /// # Panics
        ///
        /// Requests for which `encode` panics.
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

        /// Sends what is left of the current work's time in `grpc-timeout`, to the hosts that get the
        /// variables; see [`deadline_header`](Self::deadline_header).
        ///
        /// A time that the request has already stays if it is shorter.
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
