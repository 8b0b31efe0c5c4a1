//! Deadlines of an axum server, as curl, reqwest and a socket see them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing;
use context_vars::deadline::CancelledKind;
use context_vars::web::ContextLayer;
use futures::stream::{self, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::{Children, dots, end, ms};
use crate::support::{Protocol, serve, soon};

/// The time of requests whose head and first frame the client has to receive: a server that is under load
/// drops what it has not yet written when the body fails.
const TIME: Duration = Duration::from_secs(1);

/// curl's exit code for a body that was cut off.
const PARTIAL_FILE: i32 = 18;

fn command(address: SocketAddr, arguments: &[&str]) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "*"]);
    curl.args(arguments).arg(format!("http://{address}/"));
    curl.stdin(Stdio::null()).kill_on_drop(true);
    curl
}

async fn curl(address: SocketAddr) -> Output {
    soon(command(address, &["--include"]).output())
        .await
        .expect("curl, the client of this test, must be installed")
}

/// A server whose every request has a child, and sends dots for ten seconds.
async fn long(layer: ContextLayer, children: Children) -> SocketAddr {
    let handler = async move || {
        children.spawn();
        AxumBody::new(dots(1000))
    };
    serve(Router::new().route("/", routing::get(handler)).layer(layer)).await
}

#[tokio::test]
async fn curl_sees_a_body_past_its_time_as_cut_off_and_the_work_behind_it_stops() {
    let (children, mut receiver) = Children::new();
    let address = long(ContextLayer::new().deadline(TIME), children).await;
    let output = curl(address).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert_eq!(output.status.code(), Some(PARTIAL_FILE), "{text}");
    assert_eq!(end(&mut receiver).await, CancelledKind::Elapsed);
}

#[tokio::test]
async fn curl_that_hangs_up_stops_the_work_behind_its_request() {
    let (children, mut receiver) = Children::new();
    let layers = [
        ContextLayer::new().cancel_on_disconnect(),
        ContextLayer::new().deadline(ms(60_000)),
    ];
    for layer in layers {
        let address = long(layer, children.clone()).await;
        let mut curl = command(address, &["--no-buffer"]);
        let mut curl = curl.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        let output = curl.stdout.as_mut().unwrap();
        soon(output.read_exact(&mut first)).await.unwrap();
        soon(curl.kill()).await.unwrap();
        assert_eq!(end(&mut receiver).await, CancelledKind::Dropped);
    }
    // Before the head, too.
    let handler = async move || {
        children.spawn();
        std::future::pending::<()>().await;
    };
    let router = Router::new().route("/", routing::get(handler));
    let address = serve(router.layer(ContextLayer::new().cancel_on_disconnect())).await;
    let mut curl = command(address, &[]).spawn().unwrap();
    let child = soon(receiver.recv()).await.unwrap();
    soon(curl.kill()).await.unwrap();
    let cancelled = soon(child).await.unwrap().unwrap_err();
    assert_eq!(cancelled.kind(), CancelledKind::Dropped);
}

#[tokio::test]
async fn curl_gets_a_504_with_an_empty_body_for_an_answer_past_its_time() {
    let handler = async || std::future::pending::<()>().await;
    let router = Router::new().route("/", routing::get(handler));
    let address = serve(router.layer(ContextLayer::new().deadline(ms(50)))).await;
    let output = curl(address).await;
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap().to_lowercase();
    assert!(text.starts_with("http/1.1 504 gateway timeout"), "{text}");
    assert!(text.contains("content-length: 0\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn both_protocols_end_a_body_past_its_time_with_an_error() {
    let (children, mut receiver) = Children::new();
    let address = long(ContextLayer::new().deadline(TIME), children).await;
    for protocol in Protocol::ALL {
        let response = soon(protocol.get(address).send()).await.unwrap();
        assert_eq!(response.status(), 200);
        let error = soon(response.bytes()).await.unwrap_err();
        assert!(!error.is_timeout(), "{protocol:?} {error:?}");
        assert_eq!(end(&mut receiver).await, CancelledKind::Elapsed);
    }
}

#[tokio::test]
async fn body_that_waits_for_ever_ends_with_an_error_without_a_further_frame() {
    let handler = async || {
        let first = stream::iter([Ok::<_, Infallible>("first")]);
        AxumBody::from_stream(first.chain(stream::pending()))
    };
    let router = Router::new().route("/", routing::get(handler));
    let address = serve(router.layer(ContextLayer::new().deadline(TIME))).await;
    for protocol in Protocol::ALL {
        let mut response = soon(protocol.get(address).send()).await.unwrap();
        let first = soon(response.chunk()).await.unwrap();
        assert_eq!(first.unwrap(), "first");
        let error = soon(response.chunk()).await.unwrap_err();
        assert!(!error.is_timeout(), "{protocol:?} {error:?}");
    }
}

#[tokio::test]
async fn client_that_reads_nothing_keeps_no_work_past_its_time_and_gets_an_error_later() {
    let (children, mut receiver) = Children::new();
    let handler = async move || {
        children.spawn();
        AxumBody::from_stream(stream::repeat(Ok::<_, Infallible>([0; 65536].to_vec())))
    };
    let router = Router::new().route("/", routing::get(handler));
    let address = serve(router.layer(ContextLayer::new().deadline(TIME))).await;
    for protocol in Protocol::ALL {
        let response = soon(protocol.get(address).send()).await.unwrap();
        assert_eq!(
            end(&mut receiver).await,
            CancelledKind::Elapsed,
            "{protocol:?}"
        );
        let error = soon(response.bytes()).await.unwrap_err();
        assert!(!error.is_timeout(), "{protocol:?} {error:?}");
    }
}

#[tokio::test]
async fn socket_sees_no_last_chunk_after_the_time() {
    let (children, _receiver) = Children::new();
    let address = long(ContextLayer::new().deadline(TIME), children).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut all = Vec::new();
    soon(stream.read_to_end(&mut all)).await.unwrap(); // to the end of the connection
    let text = String::from_utf8(all).unwrap();
    assert!(text.contains("\r\n1\r\n.\r\n"), "{text}");
    assert!(!text.contains("\r\n0\r\n"), "{text}");
}

#[tokio::test]
async fn client_that_hangs_up_in_either_protocol_stops_the_work_behind_its_request() {
    let (children, mut receiver) = Children::new();
    let address = long(ContextLayer::new().cancel_on_disconnect(), children).await;
    for protocol in Protocol::ALL {
        let mut response = soon(protocol.get(address).send()).await.unwrap();
        assert!(soon(response.chunk()).await.unwrap().is_some());
        drop(response);
        assert_eq!(
            end(&mut receiver).await,
            CancelledKind::Dropped,
            "{protocol:?}"
        );
    }
}
