//! tonic: unary calls and streams of answers, each request in its own context.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut};
use context_vars::propagation::{Header, Propagator};
use context_vars::web::{ContextLayer, InjectLayer, grpc_timeout};
use context_vars::{context_var, task};
use futures::future::{BoxFuture, join_all};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder, Streaming};
use tonic::metadata::MetadataValue;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tower::{Layer, service_fn};

use crate::support::{OnDrop, Seen, soon};

context_var! {
    static REQUEST_ID: u64;
    static USER: String = "nobody".to_owned();
}

/// Messages that are plain texts.
#[derive(Clone, Copy, Default)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        Ok(Some(String::from_utf8(bytes.to_vec()).unwrap()))
    }
}

/// A copy of the code that tonic generates for a service.
#[derive(Clone)]
struct Reports {
    /// The drops, in order, each with its place.
    seen: Seen,
    dropped: Arc<Semaphore>,
}

impl NamedService for Reports {
    const NAME: &'static str = "test.Reports";
}

type StdError = Box<dyn std::error::Error + Send + Sync>;
type HttpRequest = http::Request<Body>;
type HttpResponse = http::Response<Body>;

impl tower::Service<HttpRequest> for Reports {
    type Response = HttpResponse;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<'static, Result<HttpResponse, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Text);
            let response = match request.uri().path() {
                "/test.Reports/Who" => grpc.unary(service_fn(who), request).await,
                _ => {
                    let stream = service_fn(move |message| rows(this.clone(), message));
                    grpc.server_streaming(stream, request).await
                }
            };
            Ok(response)
        })
    }
}

fn identity() -> String {
    format!("{} {}", REQUEST_ID.get_or(0), USER.get())
}

async fn who(message: Request<String>) -> Result<Response<String>, Status> {
    let spawned = task::spawn(async { identity() }).await.unwrap();
    match message.into_inner().as_str() {
        "fail" => Err(Status::not_found(identity())),
        "wait" => std::future::pending().await,
        _ => Ok(Response::new(format!("{} {spawned}", identity()))),
    }
}

async fn rows(
    reports: Reports,
    message: Request<String>,
) -> Result<Response<BoxStream<'static, Result<String, Status>>>, Status> {
    let endless = message.into_inner() == "endless";
    let guard = OnDrop(move || {
        reports.seen.note(identity());
        reports.dropped.add_permits(1);
    });
    let count = if endless { usize::MAX } else { 3 };
    let rows = futures::stream::iter(0..count).then(move |n| {
        let _ = &guard;
        async move {
            // A client shuts a connection on which too many small frames wait.
            tokio::time::sleep(Duration::from_millis(5)).await;
            match n {
                // The status of a stream is in its trailers.
                2 if !endless => Err(Status::aborted(identity())),
                _ => Ok(format!("{n} {}", identity())),
            }
        }
    });
    Ok(Response::new(rows.boxed()))
}

/// An interceptor: runs inside the call, and sets the user in the request's own context.
fn authenticate(request: Request<()>) -> Result<Request<()>, Status> {
    let user = request.metadata().get("authorization");
    let user = user.ok_or_else(|| Status::unauthenticated("who are you?"))?;
    USER.set(user.to_str().unwrap().to_owned());
    Ok(request)
}

async fn serve_reports() -> (SocketAddr, Reports) {
    serve_with(ContextLayer::new()).await
}

async fn serve_with(layer: ContextLayer) -> (SocketAddr, Reports) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let reports = Reports {
        seen: Seen::default(),
        dropped: Arc::new(Semaphore::new(0)),
    };
    let service = InterceptedService::new(reports.clone(), authenticate);
    let server = Server::builder()
        .layer(layer.detached().request_id(&REQUEST_ID, || 1_000_000))
        .add_service(service);
    tokio::spawn(async move { server.serve_with_incoming(incoming).await.unwrap() });
    (address, reports)
}

async fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect().await.unwrap()
}

type Client<C> = tonic::client::Grpc<C>;

async fn client(address: SocketAddr) -> Client<Channel> {
    Client::new(channel(address).await)
}

/// Asks with a clone of the client who the server takes it for.
async fn ask<C>(client: &Client<C>, message: Request<String>) -> Result<Response<String>, Status>
where
    C: GrpcService<Body, ResponseBody: http_body::Body<Error: Into<StdError>> + Send + 'static>,
    C: Clone,
{
    let mut client = client.clone();
    client
        .ready()
        .await
        .ok()
        .expect("a server that takes calls");
    client.unary(message, WHO, Text).await
}

/// Asks for a stream with a clone of the client.
async fn stream_of(client: &Client<Channel>, message: Request<String>) -> Streaming<String> {
    let mut client = client.clone();
    client.ready().await.unwrap();
    let answer = client.server_streaming(message, ROWS, Text).await;
    answer.unwrap().into_inner()
}

fn message(text: &str, id: u64) -> Request<String> {
    let mut message = Request::new(text.to_owned());
    let metadata = message.metadata_mut();
    metadata.insert("x-request-id", MetadataValue::from(id));
    let user = format!("user-{}", id % 7).parse().unwrap();
    metadata.insert("authorization", user);
    message
}

fn identity_of(id: u64) -> String {
    format!("{id} user-{}", id % 7)
}

const WHO: PathAndQuery = PathAndQuery::from_static("/test.Reports/Who");
const ROWS: PathAndQuery = PathAndQuery::from_static("/test.Reports/Rows");

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unary_calls_and_their_errors_keep_their_own() {
    let (address, _) = serve_reports().await;
    let client = client(address).await;
    join_all((0..1000).map(async |id| {
        let failing = id % 10 == 0;
        let message = message(if failing { "fail" } else { "who" }, id);
        let identity = identity_of(id);
        match ask(&client, message).await {
            Ok(answer) => {
                let echoed = answer.metadata().get("x-request-id").unwrap();
                assert_eq!(echoed, id.to_string().as_str());
                assert_eq!(answer.into_inner(), format!("{identity} {identity}"));
                assert!(!failing);
            }
            Err(status) => {
                assert_eq!(status.message(), identity);
                assert!(failing);
            }
        }
    }))
    .await;

    let mut refused = message("who", 7);
    refused.metadata_mut().remove("authorization");
    let status = ask(&client, refused).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streamed_messages_and_their_trailers_keep_their_own() {
    let (address, reports) = serve_reports().await;
    let client = client(address).await;
    join_all((0..1000).map(async |id| {
        let rows = stream_of(&client, message("rows", id)).await;
        let rows: Vec<_> = rows.collect().await;
        let identity = identity_of(id);
        assert_eq!(rows[0].as_ref().unwrap(), &format!("0 {identity}"));
        assert_eq!(rows[1].as_ref().unwrap(), &format!("1 {identity}"));
        assert_eq!(rows[2].as_ref().unwrap_err().message(), identity);
        assert_eq!(rows.len(), 3);
    }))
    .await;
    assert_all_dropped(&reports, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stream_of_a_client_that_vanishes_is_dropped_in_its_own_context() {
    let (address, reports) = serve_reports().await;
    for round in 0..10 {
        let client = client(address).await;
        join_all((round * 50..(round + 1) * 50).map(async |id| {
            let mut rows = stream_of(&client, message("endless", id)).await;
            let first = rows.try_next().await.unwrap();
            assert_eq!(first.unwrap(), format!("0 {}", identity_of(id)));
        }))
        .await;
    }
    assert_all_dropped(&reports, 500).await;
}

/// The values that a client of the reports sends: the id, and the user as whom it speaks.
fn listed() -> Propagator {
    Propagator::builder()
        .header(Header::new(&REQUEST_ID, "x-request-id"))
        .header(Header::new(&USER, "authorization"))
        .build()
}

/// The message of one who has copied the metadata of a call that came in.
fn forged() -> Request<String> {
    message("who", 666)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn layer_around_a_channel_sends_with_each_call() {
    let (address, _) = serve_reports().await;
    let (propagator, channel) = (listed(), channel(address).await);
    let layer = InjectLayer::new(propagator, |_| true);
    let client = tonic::client::Grpc::new(layer.layer(channel));
    join_all((0..1000).map(|id| {
        let client = &client;
        let call = async move {
            let answer = ask(client, forged()).await.unwrap();
            let identity = identity_of(id);
            assert_eq!(answer.into_inner(), format!("{identity} {identity}"));
        };
        USER.scope(format!("user-{}", id % 7), REQUEST_ID.scope(id, call))
    }))
    .await;

    // Without a user the interceptor refuses the call, whose answer has an id nevertheless.
    let status = ask(&client, forged()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let id = status.metadata().get("x-request-id").unwrap();
    assert_eq!(id, "1000000", "the forged one was not sent");
}

#[tokio::test]
async fn rule_around_a_channel_sees_a_path_and_with_an_origin_the_host() {
    let (address, _) = serve_reports().await;
    let channel = channel(address).await;
    let seen = Seen::default();
    let layer = || {
        let seen = seen.clone();
        InjectLayer::new(listed(), move |request| {
            seen.note(request.uri.to_string());
            request.uri.path().starts_with("/test.Reports/")
        })
    };
    let origin = http::Uri::from_static("http://reports.internal");
    let bare = tonic::client::Grpc::new(layer().layer(channel.clone()));
    let named = tonic::client::Grpc::with_origin(layer().layer(channel), origin);
    for client in [bare, named] {
        let call = ask(&client, Request::new("who".to_owned()));
        let call = USER.scope("alice".to_owned(), REQUEST_ID.scope(7, call));
        assert_eq!(call.await.unwrap().into_inner(), "7 alice 7 alice");
    }
    let expected = [
        "/test.Reports/Who",
        "http://reports.internal/test.Reports/Who",
    ];
    assert_eq!(seen.lines(), expected);
}

/// Waits for the drops, which come after the client has gone, and compares where they were.
async fn assert_all_dropped(reports: &Reports, count: u64) {
    let permits = soon(reports.dropped.acquire_many(count as u32)).await;
    permits.unwrap().forget();
    let mut dropped = reports.seen.lines();
    dropped.sort_unstable();
    let mut expected: Vec<_> = (0..count).map(identity_of).collect();
    expected.sort_unstable();
    assert_eq!(dropped, expected);
}

#[tokio::test]
async fn stream_past_the_time_that_its_client_asked_for_ends_with_an_error() {
    let (address, reports) = serve_with(ContextLayer::new().deadline_from(grpc_timeout)).await;
    let mut message = message("endless", 7);
    message.set_timeout(Duration::from_millis(300));
    let mut rows = stream_of(&client(address).await, message).await;
    let mut count = 0;
    let status = loop {
        match soon(rows.try_next()).await {
            Ok(row) => count += usize::from(row.is_some()),
            Err(status) => break status,
        }
    };
    assert!(count > 0);
    assert_eq!(status.code(), tonic::Code::Internal); // HTTP/2's, as of any stream that is reset
    soon(reports.dropped.acquire()).await.unwrap().forget();
    assert_eq!(reports.seen.lines(), [identity_of(7)]);
}

#[tokio::test]
async fn call_past_its_deadline_has_the_status_that_the_layer_was_given() {
    let layer = ContextLayer::new()
        .deadline(Duration::from_millis(50))
        .on_elapsed(|elapsed| Status::deadline_exceeded(elapsed.to_string()).into_http());
    let (address, _) = serve_with(layer).await;
    let client = client(address).await;
    let status = soon(ask(&client, message("wait", 7))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    assert_eq!(status.message(), "the deadline has passed");
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "7");
}
