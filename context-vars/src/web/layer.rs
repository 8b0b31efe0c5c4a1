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

/// Gives each request a context: for its call, its future and the body of its response.
///
/// What the layer is told is done for each request in the order in which it was told, each step
/// inside the context as it is then: a [`set`](Self::set) can read the request id that was written
/// above it. The layer has no type parameters, so it can be named in signatures and fields.
///
/// Two of them nest. The inner one's context is a copy, so what is set inside of it is not seen
/// by the outer one's [`echo`](Self::echo).
///
/// # Cost
///
/// To make or clone the service: one increment of a reference count. For each request: one context,
/// one block for each variable set, and the texts of ids and echoes. A poll of the future or the body is
/// two thread-local accesses, as with [`InContext`].
///
/// A text that `Display` writes is one allocation if it has at most 64 bytes. A text of [`RequestId::with`] is
/// one in addition to those of its function. The headers of the request and of the response share the text of
/// the layer's first id; other ids have a text for each, and an echo has one for the response.
///
/// # Examples
///
/// Named in a signature; the [module](super) has a whole request:
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

/// What a layer does; shared by all clones of it and of its services.
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
        // Never from the root of a worker: without the feature `tokio`, a middleware outside of this
        // layer could have set something there for another client's request.
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

    /// Captures the companion's state, unless requests start without anything from outside.
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
    /// of the service, by an outer layer or by a test.
    ///
    /// In most servers none was, and the request starts in an empty context: what is set in the root
    /// of a worker's thread is never copied. See [above](super#where-a-context-ends).
    ///
    /// # Examples
    ///
    /// With what is set around the call:
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

    /// Lets each request start in an empty context.
    ///
    /// For the front door, where nothing may come in but what the other methods let in.
    ///
    /// # Examples
    ///
    /// Without what is set around the call:
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

    /// Sets `var` to the request's id: what the client sent in `x-request-id`, else a new one.
    ///
    /// Equivalent to [`request_id_header`](Self::request_id_header) with that name.
    ///
    /// # Examples
    ///
    /// A client that sends none:
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

    /// Sets `var` to the request's id: what the client sent in `header`, else a new one.
    ///
    /// [`RequestId`] says which ids are accepted, and where the id is seen: in the variable, in the
    /// request's header, and in the response.
    ///
    /// A client that can send an id can send another client's. If that matters, always create a new
    /// one: [`request_id_always_new`](Self::request_id_always_new).
    ///
    /// # Panics
    ///
    /// Requests for which `make`, `from_str` or `Display` panic.
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
    /// A client that sends one:
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
    /// The client's header is replaced by the new id, so that nothing inside can take the client's
    /// for the request's. The response has the new id too.
    ///
    /// # Panics
    ///
    /// Requests for which `make` or `Display` panic.
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
    /// Requests for which the functions of `id` panic.
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

    /// Sets `var` to what `find` finds in the request; on `None` it stays as it is.
    ///
    /// `find` runs in the request's context and sees what the steps above it have set.
    ///
    /// # Panics
    ///
    /// Requests for which `find` panics.
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

    /// Sends what `var` holds back to the client, in `header` of the response.
    ///
    /// It is what a read gives when the service has answered, a default included, whatever was set
    /// in the request's context until then. A header of that name in the response is replaced: the
    /// client shall see what the log lines have. It is left as it is when the variable has neither
    /// value nor default, or when its text may not stand in a header: line breaks and other control
    /// characters, anything but ASCII.
    ///
    /// A service that fails (`Err`) has no response to put it into: place the layer outside of
    /// those that turn errors into responses. A `#[redact]`ed variable is sent, since you asked.
    ///
    /// # Panics
    ///
    /// Requests for which `Display` panics.
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

    /// Sets the variables that `propagator` lists to what the request's headers say.
    ///
    /// For requests of a peer that may speak for its users: what is well-formed is believed. What
    /// is not leaves its variable as it is, see [`Propagator::extract`].
    ///
    /// # Panics
    ///
    /// Requests for which a `FromStr` of yours panics.
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

    /// Changes which scope each request gets.
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

/// A service that runs each request in a context; made by [`ContextLayer`].
///
/// `poll_ready` is not part of any request and runs in the context of whoever asks.
///
/// # Examples
///
/// Named in a field:
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
    /// The response of [`ContextService`], whose body goes on in the same context.
    ///
    /// Not in a copy of it: what the service sets until its last poll is seen by the body.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready.
    ///
    /// # Examples
    ///
    /// Named in a field:
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
        // Dropped first, so that destructors in the future find that it is cancelled.
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
                    // The future, which can be kept, does not keep an id that the service has replaced.
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
