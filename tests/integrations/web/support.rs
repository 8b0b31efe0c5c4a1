//! Servers, clients, and witnesses of what went where.

use std::convert::Infallible;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::handler::Handler;
use axum::{Router, routing};
use bytes::Bytes;
use context_vars::web::ContextLayer;
use futures::StreamExt;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt, service_fn};

pub use crate::shared::{OnDrop, noop, poll_once, soon};

/// Serves the router on a free port until the test's runtime ends.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Serves the handler at the root, inside the layer.
pub async fn serve_root<T: 'static>(
    handler: impl Handler<T, ()>,
    layer: ContextLayer,
) -> SocketAddr {
    serve(Router::new().route("/", routing::get(handler)).layer(layer)).await
}

/// The two protocols, as reqwest speaks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub const ALL: [Self; 2] = [Self::Http1, Self::Http2];

    pub fn client(self) -> reqwest::Client {
        let builder = reqwest::Client::builder().no_proxy();
        let builder = match self {
            Self::Http1 => builder.http1_only(),
            Self::Http2 => builder.http2_prior_knowledge(),
        };
        builder.build().unwrap()
    }

    /// hyper's own client, for requests without a body.
    pub fn hyper_client(self) -> Client<HttpConnector, Empty<Bytes>> {
        Client::builder(TokioExecutor::new())
            .http2_only(self == Self::Http2)
            .build_http()
    }

    /// A request to the root of a server, by a new client.
    pub fn get(self, address: SocketAddr) -> reqwest::RequestBuilder {
        self.client().get(format!("http://{address}/"))
    }
}

/// A service whose future makes the body of the response.
pub fn respond_with<B>(
    body: impl Fn(Request<String>) -> B + Clone + Send,
) -> impl Service<Request<String>, Response = Response<B>, Error = Infallible, Future: Send> + Clone
{
    service_fn(move |request| {
        let body = body.clone();
        async move { Ok(Response::new(body(request))) }
    })
}

/// A request without a body, to call a service with.
pub fn get(headers: &[(&'static str, &[u8])]) -> Request<String> {
    let mut request = Request::new(String::new());
    for (name, value) in headers {
        let value = http::HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(*name, value);
    }
    request
}

/// Returns the answer of a service to such a request.
pub async fn ask<S, B>(service: S, headers: &[(&'static str, &[u8])]) -> Response<B>
where
    S: Service<Request<String>, Response = Response<B>, Error: Debug>,
{
    service.oneshot(get(headers)).await.unwrap()
}

/// Returns the body of the answer to such a request.
pub async fn ask_text<S, B>(service: S, headers: &[(&'static str, &[u8])]) -> String
where
    S: Service<Request<String>, Response = Response<B>, Error: Debug>,
    B: Body<Error: Debug>,
{
    text(ask(service, headers).await).await
}

/// Returns the body of the answer to a request over TCP.
pub async fn sent(request: reqwest::RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

/// Returns the output of curl for a request with these options: the head and the body.
///
/// curl is a client that is not ours. It sends every header that it is given.
pub async fn curl(address: SocketAddr, options: &[&str]) -> String {
    let (code, output) = curl_with_code(address, options).await;
    assert_eq!(code, Some(0), "curl {options:?}");
    output
}

/// Like [`curl`], but a request may fail, and the exit code says how.
pub async fn curl_with_code(address: SocketAddr, options: &[&str]) -> (Option<i32>, String) {
    let mut curl = tokio::process::Command::new("curl");
    curl.args(["--silent", "--show-error", "--include", "--noproxy", "*"]);
    curl.args(["--max-time", "20"]).args(options);
    curl.arg(format!("http://{address}/"))
        .stderr(Stdio::inherit());
    let output = curl.output().await.expect("these tests run curl");
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// Returns the text of a body, read to its end.
pub async fn text<B: Body<Error: Debug>>(response: Response<B>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Returns the data of the next frame of a body.
pub async fn data<B: Body<Error: Debug> + Unpin>(body: &mut B) -> B::Data {
    body.frame()
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .ok()
        .unwrap()
}

/// A streamed body that asks `next` for each of its chunks when it is polled for it, and is
/// pending once before each.
pub fn chunks(
    count: usize,
    mut next: impl FnMut(usize) -> String + Send + 'static,
) -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let numbers = futures::stream::iter(0..count).then(|n| async move {
        tokio::task::yield_now().await;
        n
    });
    StreamBody::new(numbers.map(move |n| Ok(Frame::data(Bytes::from(next(n))))))
}

/// The events that several parts of a test have seen, in order.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// Notes `what` when it is dropped, with what `value` is then.
    pub fn note_drop<V: std::fmt::Display, F: Fn() -> V + Send + 'static>(
        &self,
        what: &'static str,
        value: F,
    ) -> impl Drop + Send + 'static + use<V, F> {
        let seen = self.clone();
        OnDrop(move || seen.note(format!("{what} {}", value())))
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
