//! The client side: requests that carry the current context's variables.

use core::fmt;
use core::task::{self, Poll};
use std::sync::Arc;

use http::Request;
use http::request::Parts;
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "deadline")]
use super::deadline_header::DeadlineHeader;
use super::head::Head;
use super::step::{KnownId, Step};
use crate::context::Context;
use crate::propagation::Propagator;

/// A step that sets the variables that a propagator extracts from a request.
pub(super) struct Extract(pub(super) Propagator);

impl Step for Extract {
    fn request(
        &self,
        context: Context,
        request: &mut dyn Head,
        _known: &mut Option<KnownId>,
    ) -> Context {
        self.0.extract(context, request.headers_mut())
    }
}

/// A layer that writes the current context's variables into the headers of a client's requests.
///
/// The client must be a `tower` service, such as hyper-util's client or tonic's channel. The
/// [module](super#clients) has recipes for these, and for reqwest.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use context_vars::{context_var, propagation::{Baggage, Propagator}, web::InjectLayer};
/// use http::request::Parts;
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// context_var! {
///     static TENANT: String;
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let propagator = Propagator::builder().baggage(Baggage::new(&TENANT, "tenant")).build();
/// let ours = |request: &Parts| request.uri.host() == Some("stock.internal");
/// let layer = InjectLayer::new(propagator, ours);
///
/// # let client = service_fn(async |request: Request<String>| {
/// #     let baggage = request.headers().get("baggage");
/// #     let seen = baggage.map_or("none".to_owned(), |b| b.to_str().unwrap().to_owned());
/// #     Ok::<_, Infallible>(Response::new(seen))
/// # });
/// let client = layer.layer(client); // one that answers with the `baggage` it was sent
/// let get = |url: &str| Request::get(url).body(String::new()).unwrap();
/// TENANT.scope("acme".to_owned(), async {
///     let response = client.clone().oneshot(get("http://stock.internal/7")).await.unwrap();
///     assert_eq!(response.into_body(), "tenant=acme");
///     let response = client.clone().oneshot(get("http://example.com/")).await.unwrap();
///     assert_eq!(response.into_body(), "none");
/// }).await;
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service: call `layer`"]
pub struct InjectLayer {
    rule: Arc<Rule>,
    #[cfg(feature = "deadline")]
    deadline: Option<DeadlineHeader>,
}

struct Rule {
    propagator: Propagator,
    send_to: Box<dyn Fn(&Parts) -> bool + Send + Sync>,
}

impl InjectLayer {
    /// Creates a layer that sends the variables that `propagator` lists with the requests for which
    /// `send_to` returns `true`.
    ///
    /// `send_to` is called with the head of each request, because variables that identify your
    /// users are not meant for every server to which a client connects. A request for which it
    /// returns `false` is not changed. A client that follows redirects *inside* the layer sends the
    /// headers on to other hosts without a call of `send_to`.
    ///
    /// The listed names have only values from the current context. A header that the request has
    /// already is replaced, or removed if its variable is not set. `baggage` is merged member by
    /// member; see [`Propagator::inject`].
    ///
    /// # Panics
    ///
    /// A request panics if `send_to` or a variable's `Display` panics for it.
    ///
    /// # Examples
    ///
    /// By a list of hosts:
    ///
    /// ```
    /// use context_vars::{context_var, propagation::{Header, Propagator}, web::InjectLayer};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// const OURS: [&str; 2] = ["stock.internal", "mail.internal"];
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build();
    /// let layer = InjectLayer::new(propagator, |request| {
    ///     request.uri.host().is_some_and(|host| OURS.contains(&host))
    /// });
    /// # let _ = layer;
    /// # }
    /// ```
    ///
    /// A channel of tonic has one server, and its requests have a path without a host. So a layer
    /// around a channel to a server of yours can send the variables with every request, or select
    /// requests by the path or the headers:
    ///
    /// ```
    /// use context_vars::{context_var, propagation::{Header, Propagator}, web::InjectLayer};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build();
    /// let to_all = InjectLayer::new(propagator.clone(), |_| true);
    /// let to_one = InjectLayer::new(propagator, |request| request.uri.path().starts_with("/shop.Stock/"));
    /// // let client = StockClient::new(to_all.layer(channel));
    /// # let _ = (to_all, to_one);
    /// # }
    /// ```
    pub fn new(
        propagator: Propagator,
        send_to: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        let send_to = Box::new(send_to);
        Self {
            rule: Arc::new(Rule {
                propagator,
                send_to,
            }),
            #[cfg(feature = "deadline")]
            deadline: None,
        }
    }

    /// Sends the time that the current work has left in a header.
    #[cfg(feature = "deadline")]
    pub(super) fn with_deadline_header(mut self, header: DeadlineHeader) -> Self {
        self.deadline = Some(header);
        self
    }
}

impl fmt::Debug for InjectLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InjectLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for InjectLayer {
    type Service = Inject<S>;

    fn layer(&self, inner: S) -> Inject<S> {
        Inject {
            inner,
            rule: self.rule.clone(),
            #[cfg(feature = "deadline")]
            deadline: self.deadline.clone(),
        }
    }
}

/// A client that sends the current context's variables; created by [`InjectLayer`].
///
/// The values are those at the time of the `call`. A client inside a `tower::buffer` is called by
/// the buffer's worker, in another context, so put the layer around the buffer.
///
/// # Examples
///
/// As the field of a struct:
///
/// ```
/// use context_vars::web::{Inject, InjectLayer};
/// use tower::Layer;
///
/// struct Stock<C> {
///     client: Inject<C>,
/// }
///
/// impl<C> Stock<C> {
///     fn new(client: C, layer: &InjectLayer) -> Self {
///         Self { client: layer.layer(client) }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Inject<S> {
    inner: S,
    rule: Arc<Rule>,
    #[cfg(feature = "deadline")]
    deadline: Option<DeadlineHeader>,
}

impl<S> fmt::Debug for Inject<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inject").finish_non_exhaustive()
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Inject<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let (mut parts, body) = request.into_parts();
        if (self.rule.send_to)(&parts) {
            let headers = &mut parts.headers;
            self.rule.propagator.inject(&Context::current(), headers);
            #[cfg(feature = "deadline")]
            if let Some(header) = &self.deadline {
                header.send(headers);
            }
        }
        self.inner.call(Request::from_parts(parts, body))
    }
}
