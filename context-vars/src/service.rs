//! `tower` services for any kind of request, each call in its own context.
//!
//! The requests can be jobs of a queue, events of a lambda or messages. For HTTP use the module `web`,
//! which also keeps the body of the response in the context.
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

use crate::context::Context;
use crate::in_context::InContext;
use crate::raw::companion::CompanionState;

/// A layer that wraps a service in a [`ContextService`].
///
/// # Examples
///
/// Naming the type of the layer, with a function instead of a closure:
///
/// ```
/// use context_vars::{Context, context_var, service::ContextServiceLayer};
///
/// context_var! {
///     static TENANT: String;
/// }
///
/// struct Job {
///     tenant: String,
/// }
///
/// fn fill(context: Context, job: &Job) -> Context {
///     context.with_value(&TENANT, job.tenant.clone())
/// }
///
/// fn layer() -> ContextServiceLayer<fn(Context, &Job) -> Context> {
///     ContextServiceLayer::new(fill)
/// }
/// # fn main() {
/// #     let _ = layer();
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service: call `layer`"]
pub struct ContextServiceLayer<F> {
    fill: F,
}

impl<F> ContextServiceLayer<F> {
    /// Creates a layer that runs each call in the context that `fill` returns.
    ///
    /// See [`ContextService::new`].
    ///
    /// # Panics
    ///
    /// A call panics if `fill` panics.
    ///
    /// # Examples
    ///
    /// A context that inherits nothing from the caller:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{Context, context_var, service::ContextServiceLayer};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = ContextServiceLayer::new(|_, _: &u64| Context::new());
    /// let service = layer.layer(service_fn(async |_: u64| Ok::<_, Infallible>(USER.get())));
    /// assert_eq!(USER.scope("alice", service.oneshot(7)).await, Ok("anonymous"));
    /// # }
    /// ```
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

/// A service that runs each call, and the future it returns, in a new context.
///
/// Values that the call sets stay with its future and are dropped with it. `poll_ready` belongs to no
/// call and runs in the context of its caller. The context covers the call and the future only: a
/// stream inside the response needs its own `inherit_context()`.
///
/// # Cost
///
/// A call costs as much as [`Context::current`] and the closure. A poll costs as much as a poll of
/// [`InContext`].
///
/// # Examples
///
/// A service as the field of a struct:
///
/// ```
/// use std::convert::Infallible;
/// use context_vars::{Context, service::ContextService};
/// use tower::service_fn;
///
/// struct Worker<S, F> {
///     service: ContextService<S, F>,
/// }
///
/// let service = service_fn(async |_: u64| Ok::<_, Infallible>(()));
/// let worker = Worker { service: ContextService::new(service, |context: Context, _: &u64| context) };
/// # drop(worker.service);
/// ```
#[derive(Clone)]
pub struct ContextService<S, F> {
    inner: S,
    fill: F,
}

impl<S, F> ContextService<S, F> {
    /// Creates a service that runs each call of `inner` in the context that `fill` returns.
    ///
    /// `fill` takes a copy of the context in which the service is called, and the request. It returns
    /// the copy with more values, or another context: `Context::new()` detaches the call. `fill` runs in
    /// the context of the caller.
    ///
    /// # Panics
    ///
    /// A call panics if `fill` panics.
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
        let companion = CompanionState::capture();
        let mut context = (self.fill)(Context::current(), &request);
        let future = context.run(|| self.inner.call(request));
        InContext::with_companion(future, context, companion)
    }
}
