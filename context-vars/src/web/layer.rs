//! `ContextLayer`, which gives each request its context, and the service that it makes.

use core::convert::Infallible;
use core::fmt;
use core::future::Future;
use core::ops::ControlFlow;
use core::pin::Pin;
use core::task::{self, Poll, ready};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ContextBody;
use super::head::Head;
#[cfg(feature = "propagation")]
use super::inject::Extract;
use super::request_id::RequestId;
use super::request_scope::{RequestScope, ScopePlan};
use super::step::{Echo, KnownId, SetFrom, Step};
use crate::context::Context;
use crate::in_context::InContext;
#[cfg(feature = "propagation")]
use crate::propagation::Propagator;
use crate::raw::companion::CompanionState;
use crate::raw::thread;
use crate::var::ContextVar;

/// A layer that gives each request a context: for its call, its future and the body of its
/// response.
///
/// Steps run for each request in the order in which they were added, and each sees the variables
/// set by earlier steps. For example, a [`set`](Self::set) can read the request id if the id was
/// added before it. The layer has no type parameters, so it can be named in signatures and fields.
///
/// Two layers nest. The context of the inner layer is a copy, so values that are set inside it are
/// not seen by the [`echo`](Self::echo) of the outer layer.
///
/// # Cost
///
/// Creating or cloning the service increments one reference count. Each request costs one context, one
/// block for each variable that is set, and the texts of ids and echoes. A poll of the future or the
/// body is two thread-local accesses, as with [`InContext`].
///
/// A text that `Display` writes costs one allocation if it has at most 64 bytes. A text of
/// [`RequestId::with`] costs one allocation in addition to those of its function. The headers of the request
/// and of the response share the text of the layer's first id. Each other id has a separate text for each of
/// the two headers, and an echo has one text for the response.
///
/// # Examples
///
/// A function that returns a layer; the [module](super) shows a whole request:
///
/// ```
/// use context_vars::{context_var, web::ContextLayer};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// fn front_door(next_id: fn() -> u64) -> ContextLayer {
///     ContextLayer::new().detached().request_id(&REQUEST_ID, next_id)
/// }
/// # fn main() {
/// #     let _ = front_door(|| 7);
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "a layer does nothing until it is put around a service: call `layer`"]
pub struct ContextLayer {
    plan: Arc<Plan>,
}

/// The steps and options of a layer, shared by all clones of the layer and of its services.
#[derive(Clone, Default)]
struct Plan {
    detached: bool,
    steps: Vec<Arc<dyn Step>>,
    scope: ScopePlan,
}

impl Plan {
    /// Returns the context in which a request starts.
    #[inline]
    fn start(&self) -> Context {
        // The root of a worker's thread is never copied. Without the feature `tokio`, a middleware
        // outside of this layer could have set a variable there for another client's request.
        if self.detached || thread::is_root() {
            Context::new()
        } else {
            Context::current()
        }
    }

    /// Prepares the context of a request, and begins its scope.
    #[inline]
    fn begin(
        &self,
        request: &mut dyn Head,
        known: &mut Option<KnownId>,
    ) -> (Context, RequestScope) {
        let mut context = self.start();
        for step in &self.steps {
            context = step.request(context, request, known);
        }
        self.scope.begin(context, request)
    }

    /// Captures the companion's state, unless the layer is detached.
    fn companion(&self) -> CompanionState {
        if self.detached {
            CompanionState::NONE
        } else {
            CompanionState::capture()
        }
    }

    /// Adds to the headers of a response. The known id is taken by its step.
    #[inline]
    fn answer(&self, headers: &mut HeaderMap, known: &mut Option<KnownId>) {
        for step in &self.steps {
            step.response(headers, known);
        }
    }
}

impl ContextLayer {
    /// Creates a layer that gives each request a copy of the context that was entered around the call
    /// of the service, for example by an outer layer or a test.
    ///
    /// In most servers no context was entered there, and the request starts in an empty context.
    /// Values that are set in the root of a worker's thread are never copied. See
    /// [above](super#where-a-context-ends).
    ///
    /// # Examples
    ///
    /// A value that is set around the call:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
    ///     assert_eq!(USER.get(), "alice");
    ///     Ok(Response::new(String::new()))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = ContextLayer::new().layer(service_fn(handle));
    /// USER.scope("alice", service.oneshot(Request::new(String::new()))).await.unwrap();
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts each request in an empty context.
    ///
    /// Use this in the outermost layer of a server, where a request should have only the values
    /// that the other methods set.
    ///
    /// # Examples
    ///
    /// A value that is set around the call is not seen:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
    ///     assert_eq!(USER.get(), "anonymous");
    ///     Ok(Response::new(String::new()))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = ContextLayer::new().detached().layer(service_fn(handle));
    /// USER.scope("alice", service.oneshot(Request::new(String::new()))).await.unwrap();
    /// # }
    /// ```
    pub fn detached(mut self) -> Self {
        Arc::make_mut(&mut self.plan).detached = true;
        self
    }

    /// Sets `var` to the request's id: the id that the client sent in `x-request-id`, or a new id.
    ///
    /// Equivalent to [`request_id_header`](Self::request_id_header) with that name.
    ///
    /// # Examples
    ///
    /// A client that sends no id:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// # async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
    /// #     Ok(Response::new(String::new()))
    /// # }
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = ContextLayer::new().request_id(&REQUEST_ID, || 7);
    /// let service = layer.layer(service_fn(handle));
    /// let response = service.oneshot(Request::new(String::new())).await.unwrap();
    /// assert_eq!(response.headers()["x-request-id"], "7");
    /// # }
    /// ```
    pub fn request_id<T>(
        self,
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: FromStr + Display + Send + Sync + 'static,
    {
        self.request_id_with(RequestId::new(var, make))
    }

    /// Sets `var` to the request's id: the id that the client sent in `header`, or a new id.
    ///
    /// [`RequestId`] describes which ids are accepted, and where the id is seen: in the variable,
    /// in the request's header, and in the response.
    ///
    /// A client can send another client's id. If that matters, always create a new id:
    /// [`request_id_always_new`](Self::request_id_always_new).
    ///
    /// # Panics
    ///
    /// A request panics if `make`, `from_str` or `Display` panics for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::HeaderName;
    ///
    /// context_var! {
    ///     static TRACE: String;
    /// }
    ///
    /// # fn main() {
    /// fn new_id() -> String {
    ///     String::from("made here")
    /// }
    ///
    /// let header = HeaderName::from_static("x-correlation-id");
    /// let layer = ContextLayer::new().request_id_header(header, &TRACE, new_id);
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn request_id_header<T>(
        self,
        header: HeaderName,
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: FromStr + Display + Send + Sync + 'static,
    {
        self.request_id_with(RequestId::new(var, make).header(header))
    }

    /// Sets `var` to a new id for each request, whatever the client sent in `x-request-id`.
    ///
    /// Equivalent to [`request_id_always_new_header`](Self::request_id_always_new_header) with that
    /// name.
    ///
    /// # Examples
    ///
    /// A client that sends an id:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// async fn handle(request: Request<String>) -> Result<Response<String>, Infallible> {
    ///     assert_eq!(request.headers()["x-request-id"], "7");
    ///     Ok(Response::new(String::new()))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = ContextLayer::new().request_id_always_new(&REQUEST_ID, || 7);
    /// let request = Request::get("/").header("x-request-id", "42").body(String::new()).unwrap();
    /// let response = layer.layer(service_fn(handle)).oneshot(request).await.unwrap();
    /// assert_eq!(response.headers()["x-request-id"], "7");
    /// # }
    /// ```
    pub fn request_id_always_new<T>(
        self,
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Display + Send + Sync + 'static,
    {
        self.request_id_always_new_header(HeaderName::from_static("x-request-id"), var, make)
    }

    /// Sets `var` to a new id for each request, whatever the client sent in `header`.
    ///
    /// The new id replaces the client's header, so that no inner layer can take the client's id for
    /// the request's id. The response has the new id, too.
    ///
    /// # Panics
    ///
    /// A request panics if `make` or `Display` panics for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::HeaderName;
    ///
    /// context_var! {
    ///     static TRACE: u64;
    /// }
    ///
    /// # fn main() {
    /// let header = HeaderName::from_static("x-correlation-id");
    /// let layer = ContextLayer::new().request_id_always_new_header(header, &TRACE, || 7);
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn request_id_always_new_header<T>(
        self,
        header: HeaderName,
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Display + Send + Sync + 'static,
    {
        let id = RequestId::always_new(var, make);
        self.request_id_with(id.header(header))
    }

    /// Gives each request an id, for types and options that the other methods do not have.
    ///
    /// # Panics
    ///
    /// A request panics if a function of `id` panics for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use context_vars::{context_var, web::{ContextLayer, RequestId}};
    ///
    /// context_var! {
    ///     static REQUEST_ID: Arc<str>;
    /// }
    ///
    /// # fn main() {
    /// let id = RequestId::with(
    ///     &REQUEST_ID,
    ///     || "made-here".into(),
    ///     |id| Some(id.to_string()),
    ///     |text| Some(text.into()),
    /// );
    /// let layer = ContextLayer::new().request_id_with(id);
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn request_id_with(self, id: RequestId) -> Self {
        let step = self.plan.steps.len();
        self.step(id.at(step))
    }

    /// Sets `var` to the value that `find` returns for the request. If `find` returns `None`, `var`
    /// is not changed.
    ///
    /// `find` runs in the request's context and sees the variables set by earlier steps.
    ///
    /// # Panics
    ///
    /// A request panics if `find` panics for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::request::Parts;
    ///
    /// context_var! {
    ///     static LANGUAGE: String = "en".to_owned();
    /// }
    ///
    /// # fn main() {
    /// let layer = ContextLayer::new().set(&LANGUAGE, |parts: &Parts| {
    ///     let accepted = parts.headers.get("accept-language")?.to_str().ok()?;
    ///     accepted.split([',', ';', '-']).next().map(str::to_owned)
    /// });
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn set<T>(
        self,
        var: &'static ContextVar<T>,
        find: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self
    where
        T: Send + Sync + 'static,
    {
        self.step(SetFrom { var, find })
    }

    /// Sends the value of `var` back to the client, in `header` of the response.
    ///
    /// The value is the one that a read returns when the service has answered, including a default.
    /// It may have been set anywhere in the request's context until then. A header of that name in
    /// the response is replaced, so that the client sees the value that the log lines have. The
    /// header is left unchanged if the variable has neither a value nor a default, or if its text
    /// cannot be in a header. Such a text contains control characters, for example line breaks, or
    /// characters that are not ASCII.
    ///
    /// A service that returns `Err` has no response to which a header could be added, so place the
    /// layer outside of layers that turn errors into responses. A `#[redact]`ed variable is sent,
    /// because `#[redact]` concerns printing only.
    ///
    /// # Panics
    ///
    /// A request panics if `Display` panics for it.
    ///
    /// # Examples
    ///
    /// A default is sent, too:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::{context_var, web::ContextLayer};
    /// use http::{HeaderName, Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// # async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
    /// #     Ok(Response::new(String::new()))
    /// # }
    ///
    /// context_var! {
    ///     static LANGUAGE: &str = "en";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let header = HeaderName::from_static("content-language");
    /// let service = ContextLayer::new().echo(header, &LANGUAGE).layer(service_fn(handle));
    /// let response = service.oneshot(Request::new(String::new())).await.unwrap();
    /// assert_eq!(response.headers()["content-language"], "en");
    /// # }
    /// ```
    pub fn echo<T>(self, header: HeaderName, var: &'static ContextVar<T>) -> Self
    where
        T: Display + Send + Sync + 'static,
    {
        self.step(Echo { header, var })
    }

    /// Sets the variables that `propagator` lists to the values in the request's headers.
    ///
    /// Use this only for requests of a peer that you trust to speak for its users, because a
    /// well-formed value is accepted as true. Any other value leaves its variable unchanged; see
    /// [`Propagator::extract`].
    ///
    /// # Panics
    ///
    /// A request panics if the `FromStr` of a listed variable's type panics for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, propagation::{Baggage, Propagator}, web::ContextLayer};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let peer = Propagator::builder().baggage(Baggage::new(&TENANT, "tenant").extract_only()).build();
    /// let layer = ContextLayer::new().detached().request_id(&REQUEST_ID, || 1).extract(peer);
    /// # let _ = layer;
    /// # }
    /// ```
    #[cfg(feature = "propagation")]
    pub fn extract(self, propagator: Propagator) -> Self {
        self.step(Extract(propagator))
    }

    /// Changes the scope that each request gets.
    #[cfg(feature = "deadline")]
    pub(super) fn with_scope(mut self, change: impl FnOnce(&mut ScopePlan)) -> Self {
        change(&mut Arc::make_mut(&mut self.plan).scope);
        self
    }

    fn step(mut self, step: impl Step + 'static) -> Self {
        Arc::make_mut(&mut self.plan).steps.push(Arc::new(step));
        self
    }
}

impl fmt::Debug for ContextLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ContextLayer {
    type Service = ContextService<S>;

    fn layer(&self, inner: S) -> ContextService<S> {
        ContextService {
            inner,
            plan: self.plan.clone(),
        }
    }
}

/// A service that runs each request in a context; created by [`ContextLayer`].
///
/// `poll_ready` is not part of any request and runs in the context of its caller.
///
/// # Examples
///
/// As the field of a struct:
///
/// ```
/// use context_vars::web::{ContextLayer, ContextService};
/// use tower::Layer;
///
/// struct Server<S> {
///     service: ContextService<S>,
/// }
///
/// impl<S> Server<S> {
///     fn new(service: S) -> Self {
///         Self { service: ContextLayer::new().detached().layer(service) }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ContextService<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S> fmt::Debug for ContextService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextService").finish_non_exhaustive()
    }
}

impl<S, A, B> Service<Request<A>> for ContextService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<ContextBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let companion = self.plan.companion();
        let mut known = None;
        let (mut context, scope) = self.plan.begin(&mut request, &mut known);
        let future = context.run(|| self.inner.call(request));
        ResponseFuture {
            scope,
            future: InContext::with_companion(future, context, companion),
            plan: self.plan.clone(),
            known,
        }
    }
}

pin_project! {
    /// The future that [`ContextService`] returns. The body of its response continues in the same
    /// context.
    ///
    /// The context is not copied, so the body sees everything that the service sets until its last
    /// poll.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after it has completed.
    ///
    /// # Examples
    ///
    /// As the field of a struct:
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use context_vars::web::{ContextLayer, ResponseFuture};
    /// use http::{Request, Response};
    /// use tower::{Layer, Service, service_fn};
    /// # async fn handle(_: Request<String>) -> Result<Response<String>, Infallible> {
    /// #     Ok(Response::new(String::new()))
    /// # }
    ///
    /// struct Waiting<F> {
    ///     response: ResponseFuture<F>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut service = ContextLayer::new().layer(service_fn(handle));
    /// let waiting = Waiting { response: service.call(Request::new(String::new())) };
    /// assert_eq!(waiting.response.await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // This field is dropped first, so that destructors in the future see that it is cancelled.
        scope: RequestScope,
        #[pin]
        future: InContext<F>,
        plan: Arc<Plan>,
        known: Option<KnownId>,
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ContextBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let polled = this.future.run_to_next(|future| {
            let Poll::Ready(mut result) = future.poll(cx) else {
                return ControlFlow::Continue(());
            };
            match &mut result {
                Ok(response) => this.plan.answer(response.headers_mut(), this.known),
                Err(_) => {
                    this.scope.complete();
                    // This future may be kept for longer, and must not keep an id that the service has
                    // replaced.
                    *this.known = None;
                }
            }
            ControlFlow::Break(result)
        });
        let ControlFlow::Break((result, (context, companion))) = polled else {
            return self.poll_elapsed(cx).map(Ok);
        };
        Poll::Ready(match result {
            Ok(response) => Ok(response.map(|body| {
                let body = InContext::with_companion(Some(body), context, companion);
                ContextBody::new(body, this.scope.take_for_body())
            })),
            Err(error) => {
                // Drops the companion's state inside the context.
                drop(InContext::with_companion((), context, companion));
                Err(error)
            }
        })
    }
}

impl<F> ResponseFuture<F> {
    /// Answers in place of the service when the time of the request is over.
    fn poll_elapsed<B>(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Response<ContextBody<B>>> {
        let this = self.project();
        let elapsed = ready!(this.scope.poll_elapsed(cx));
        let dropped = this
            .future
            .run_to_next(|_| ControlFlow::<(), Infallible>::Break(()));
        let ControlFlow::Break(((), (context, companion))) = dropped;
        let mut body = InContext::with_companion(None, context, companion);
        let response = body.run_mut(|_| {
            let mut response = this.plan.scope.answer(elapsed);
            this.plan.answer(response.headers_mut(), this.known);
            response
        });
        Poll::Ready(response.map(|()| ContextBody::new(body, this.scope.take())))
    }
}
