//! Serves one connection a given number of requests, for `.ci/request-cost` to count under valgrind.
//!
//! ```text
//! requests               prints the names of the services that are counted
//! requests bare 1000     serves 1000 requests with that one
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::routing::get;
use context_vars::{context_var, web::ContextLayer};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper_util::service::TowerToHyperService;
use tower::{Layer, Service, layer::layer_fn};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};

context_var! {
    static NUMBER: u64;
    static TEXT: String;
}

type Serve = fn(u64);

/// The services by their names, each with the function that serves so many requests with it. Those whose names
/// begin with `routed` are layers of the router, which boxes them; the others are around the router.
const SERVICES: &[(&str, Serve)] = &[
    ("bare", |requests| serve(router(), requests)),
    ("empty", |requests| {
        serve(ContextLayer::new().layer(router()), requests)
    }),
    ("number", |requests| {
        serve(number().layer(router()), requests)
    }),
    ("text", |requests| serve(text().layer(router()), requests)),
    ("tower-http", |requests| {
        let header = HeaderName::from_static("x-request-id");
        let inner = PropagateRequestIdLayer::new(header.clone()).layer(router());
        let service = SetRequestIdLayer::new(header, Numbers).layer(inner);
        serve(service, requests);
    }),
    ("routed-identity", |requests| {
        let router = router().layer(layer_fn(|service| service));
        serve(router.with_state(()), requests);
    }),
    ("routed-empty", |requests| {
        let router = router().layer(ContextLayer::new());
        serve(router.with_state(()), requests);
    }),
    ("routed-number", |requests| {
        serve(router().layer(number()).with_state(()), requests);
    }),
];

/// The router. Its state is set, as servers do, because axum would otherwise add the layers for each request.
fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .with_state(())
}

fn number() -> ContextLayer {
    ContextLayer::new().request_id(&NUMBER, new_id)
}

fn text() -> ContextLayer {
    ContextLayer::new().request_id(&TEXT, || new_id().to_string())
}

fn new_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1_000_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[derive(Clone)]
struct Numbers;

impl MakeRequestId for Numbers {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        let header = HeaderValue::try_from(new_id().to_string()).ok()?;
        Some(RequestId::new(header))
    }
}

/// Serves the requests of one connection, as `axum::serve` does.
fn serve<S, B>(service: S, requests: u64)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let service = TowerToHyperService::new(service);
    let connection = http1::Builder::new().serve_connection(Client { requests }, service);
    let mut connection = pin!(connection);
    // hyper wakes and returns when it has served many requests without a pause.
    while connection
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .map(|served| served.expect("the connection has no errors"))
        .is_pending()
    {}
}

/// A client like curl. A request is there whenever the server looks for one; the last one ends the connection.
struct Client {
    requests: u64,
}

const HEAD: &str =
    "GET / HTTP/1.1\r\nhost: localhost:8080\r\nuser-agent: curl/8.5.0\r\naccept: */*\r\n";

impl Read for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(left) = self.requests.checked_sub(1) else {
            return Poll::Pending;
        };
        self.requests = left;
        buf.put_slice(HEAD.as_bytes());
        if left == 0 {
            buf.put_slice(b"connection: close\r\n");
        }
        buf.put_slice(b"\r\n");
        Poll::Ready(Ok(()))
    }
}

impl Write for Client {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(bytes).len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn main() {
    // `cargo bench` adds the flag `--bench`.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let Some(wanted) = arguments.next() else {
        SERVICES.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let requests = arguments.next().and_then(|count| count.parse().ok());
    let requests = requests.expect("the number of requests follows the name");
    let (_, serve) = SERVICES
        .iter()
        .find(|(name, _)| *name == wanted)
        .unwrap_or_else(|| panic!("no service is called `{wanted}`"));
    serve(requests);
}
