//! Handles one request a given number of times, for `.ci/request-cost` to count under valgrind.
//!
//! ```text
//! requests               prints the names of the services that are counted
//! requests bare 1000     handles 1000 requests with that one
//! ```

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use context_vars::{context_var, web::ContextLayer};
use http::{HeaderName, HeaderValue, Request};
use http_body::Body as _;
use tower::{Service, layer::layer_fn};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};

context_var! {
    static REQUEST_ID: u64;
}

/// The counted services, each with the function that adds the layers to the router.
type Wrap = fn(Router) -> Router;

const SERVICES: &[(&str, Wrap)] = &[
    ("bare", |router| router),
    ("identity", |router| {
        router.layer(layer_fn(|service| service))
    }),
    ("empty", |router| router.layer(ContextLayer::new())),
    ("request_id", |router| {
        router.layer(ContextLayer::new().request_id(&REQUEST_ID, new_id))
    }),
    ("tower-http", |router| {
        let header = HeaderName::from_static("x-request-id");
        router
            .layer(PropagateRequestIdLayer::new(header.clone()))
            .layer(SetRequestIdLayer::new(header, Numbers))
    }),
];

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

/// Handles requests of a client like curl. It is never inlined, because the script counts what
/// happens inside of it.
#[inline(never)]
fn measure(router: &Router, iterations: u64) {
    for _ in 0..iterations {
        let request = Request::get("/")
            .header("host", "localhost:8080")
            .header("user-agent", "curl/8.5.0")
            .header("accept", "*/*")
            .body(Body::empty());
        let request = request.expect("the request is well-formed");
        let mut router = router.clone();
        let Ok(response) = ready(router.call(request));
        read(black_box(response));
    }
}

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the handler waits for nothing"),
    }
}

/// Reads a response to its end, as a server does.
fn read(response: Response) {
    let mut body = response.into_body();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(&mut cx) {
        drop(black_box(frame.expect("the body has no errors")));
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
    let iterations = arguments.next().and_then(|count| count.parse().ok());
    let iterations = iterations.expect("the number of iterations follows the name");
    let (_, layered) = SERVICES
        .iter()
        .find(|(name, _)| *name == wanted)
        .unwrap_or_else(|| panic!("no service is called `{wanted}`"));
    let router = Router::new().route("/", get(|| async { "hello" }));
    // The state is set, as servers do, because axum would otherwise add the layers for each request.
    measure(&layered(router).with_state(()), iterations);
}
