//! Services of any kind of request, each call in a context of its own: `tower` without HTTP.
//!
//! For jobs of a queue, events of a lambda, messages: whatever a `tower` service is called with.
//! For HTTP there is the module `web`, which also keeps the response's body in the context.
//!
//! # Examples
//!
//! ```
//! use std::convert::Infallible;
//!
//! use context_vars::{Context, context_var, service::ContextServiceLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! context_var! {
//!     static TENANT: String;
//! }
//!
//! struct Job {
//!     tenant: String,
//! }
//!
//! async fn work(_: Job) -> Result<String, Infallible> {
//!     Ok(format!("done for {}", TENANT.get()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let layer = ContextServiceLayer::new(|context: Context, job: &Job| {
//!     context.with_value(&TENANT, job.tenant.clone())
//! });
//! let job = Job { tenant: "acme".to_owned() };
//! let done = layer.layer(service_fn(work)).oneshot(job).await;
//! assert_eq!(done, Ok("done for acme".to_owned()));
//! assert!(!TENANT.is_set());
//! # }
//! ```

use core::fmt;
use core::task::{self, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::beside::Beside;
use crate::context::Context;
use crate::future::InContext;

/// Puts a [`ContextService`] around a service.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service: call `layer`"]
pub struct ContextServiceLayer<F> {
    fill: F,
}

impl<F> ContextServiceLayer<F> {
    /// A layer that runs each call in the context that `fill` makes.
    ///
    /// See [`ContextService::new`].
    pub fn new<R>(fill: F) -> Self
    where
        F: Fn(Context, &R) -> Context,
    {
        Self { fill }
    }
}

impl<F> fmt::Debug for ContextServiceLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextServiceLayer")
            .finish_non_exhaustive()
    }
}

impl<S, F: Clone> Layer<S> for ContextServiceLayer<F> {
    type Service = ContextService<S, F>;

    fn layer(&self, inner: S) -> ContextService<S, F> {
        ContextService {
            inner,
            fill: self.fill.clone(),
        }
    }
}

/// A service that runs each call, and the future it returns, in a context of its own.
///
/// What the call sets stays with its future, and is gone with it. `poll_ready` is not part of any
/// call and runs in the context of whoever asks. Only the future is in the context: a stream
/// inside the response needs `inherit_context()` of its own.
///
/// # Cost
///
/// As [`Context::current`] and what the closure does; a poll as [`InContext`]'s.
#[derive(Clone)]
pub struct ContextService<S, F> {
    inner: S,
    fill: F,
}

impl<S, F> ContextService<S, F> {
    /// Runs each call of `inner` in the context that `fill` makes.
    ///
    /// `fill` is handed a copy of the context in which the service is called, and the request. It
    /// gives back that context with more in it, or another one: `Context::new()` isolates. It
    /// runs in the context of the caller.
    pub fn new<R>(inner: S, fill: F) -> Self
    where
        F: Fn(Context, &R) -> Context,
    {
        Self { inner, fill }
    }
}

impl<S, F> fmt::Debug for ContextService<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextService").finish_non_exhaustive()
    }
}

impl<S, F, R> Service<R> for ContextService<S, F>
where
    S: Service<R>,
    F: Fn(Context, &R) -> Context,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = InContext<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let beside = Beside::take();
        let mut context = (self.fill)(Context::current(), &request);
        let future = context.run(|| self.inner.call(request));
        InContext::beside(future, context, beside)
    }
}
