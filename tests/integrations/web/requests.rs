//! Bytes as the headers of a request: for the fuzzer, and for the corpus that it left.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};

use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::web::ContextLayer;
use context_vars::{Context, context_var};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::{Layer, Service};

context_var! {
    static ID: u64;
    static TRACE: String;
    static TENANT: String;
    static LABEL: String;
    static OUTSIDE: u64;
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_TRACE: HeaderName = HeaderName::from_static("x-trace");
const X_LABEL: HeaderName = HeaderName::from_static("x-label");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

const MADE_ID: u64 = 1 << 40;
const MADE_TRACE: &str = "made here";
const MOST: usize = 200;

fn propagator() -> Propagator {
    Propagator::builder()
        .header(Header::new(&LABEL, "x-label").max_len(MOST))
        .baggage(Baggage::new(&TENANT, "tenant").max_len(MOST))
        .build()
}

/// Each line is a header: its first byte selects the name, the rest is the value. A value that
/// HTTP itself refuses never reaches the layer.
fn headers(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let (name, value) = match line {
            [b'#', value @ ..] => (X_REQUEST_ID, value),
            [b'$', value @ ..] => (X_TRACE, value),
            [b'!', value @ ..] => (X_LABEL, value),
            value => (BAGGAGE, value),
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The client's id, by the words of the documentation.
fn sent(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().collect();
    let [value] = *values else {
        return None;
    };
    let text = String::from_utf8(value.as_bytes().to_vec()).ok()?;
    let visible = text.chars().all(|char| ('!'..='~').contains(&char));
    (visible && !text.is_empty() && text.len() <= 128).then_some(text)
}

/// The values that a request must be given.
struct Handler {
    id: u64,
    trace: String,
}

impl Handler {
    fn check(&self, headers: &HeaderMap) {
        assert!(!OUTSIDE.is_set(), "the layer is detached");
        assert_eq!((ID.get(), TRACE.get()), (self.id, self.trace.clone()));
        self.check_headers(headers);
        let texts = [TENANT.try_get(), LABEL.try_get()];
        for text in texts.iter().flatten() {
            let sound = text.len() <= MOST && !text.contains(char::is_control);
            assert!(sound, "{text:?}");
        }
        // An accepted id can be sent, and arrives at the next service unchanged.
        let there = propagator().extract(Context::new(), &propagator().headers());
        let [tenant, label] = [there.get(&TENANT), there.get(&LABEL)];
        assert_eq!([tenant.cloned(), label.cloned()], texts.map(Result::ok));
    }

    /// Nothing of a refused id is left, in the request or in the response.
    fn check_headers(&self, headers: &HeaderMap) {
        let values = |name| Vec::from_iter(headers.get_all(name));
        assert_eq!(values(X_REQUEST_ID), [&*self.id.to_string()]);
        assert_eq!(values(X_TRACE), [&*self.trace]);
    }
}

impl Service<Request<()>> for Handler {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        self.check(request.headers());
        ready(Ok(Response::new(())))
    }
}

/// Whatever the headers are, nothing panics, the ids are those that the documentation promises,
/// and nothing is left outside.
pub fn check(bytes: &[u8]) {
    let headers = headers(bytes);
    let handler = || {
        let id = sent(&headers, &X_REQUEST_ID).and_then(|text| text.parse().ok());
        Handler {
            id: id.unwrap_or(MADE_ID),
            trace: sent(&headers, &X_TRACE).unwrap_or_else(|| MADE_TRACE.to_owned()),
        }
    };
    let layer = ContextLayer::new()
        .detached()
        .request_id(&ID, || MADE_ID)
        .request_id_header(X_TRACE, &TRACE, || MADE_TRACE.to_owned())
        .extract(propagator());
    let mut request = Request::new(());
    request.headers_mut().clone_from(&headers);
    OUTSIDE.sync_scope(7, || {
        let answer = pin!(layer.layer(handler()).call(request));
        let Poll::Ready(Ok(response)) = answer.poll(&mut Task::from_waker(Waker::noop())) else {
            panic!("the handler is ready at once");
        };
        handler().check_headers(response.headers());
        assert_eq!((OUTSIDE.get(), Context::current().len()), (7, 1));
    });
    assert!(Context::current().is_empty());
}
