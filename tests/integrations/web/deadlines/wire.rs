//! Deadlines of an axum server, as curl and reqwest see them.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body as AxumBody;
use context_vars::deadline::CancelledKind;
use context_vars::web::ContextLayer;
use futures::stream::{self, StreamExt};

use super::{Children, dots, end, ms};
use crate::support::{Protocol, curl, curl_with_code, serve_root, soon};

/// The time of requests whose head and first frame the client has to receive: a server that is under load
/// drops what it has not yet written when the body fails.
const TIME: Duration = Duration::from_secs(1);

fn limit() -> ContextLayer {
    ContextLayer::new().deadline(TIME)
}

/// A server whose every request has a child, and sends dots for ten seconds.
async fn long(layer: ContextLayer, children: Children) -> SocketAddr {
    let handler = async move || {
        children.spawn();
        AxumBody::new(dots(1000))
    };
    serve_root(handler, layer).await
}

#[tokio::test]
async fn curl_sees_a_body_past_its_time_as_cut_off_and_the_work_behind_it_stops() {
    let (children, mut receiver) = Children::new();
    let address = long(limit(), children).await;
    // curl's exit codes for a body without its last chunk, and for a stream that was reset.
    for (protocol, code) in [("--http1.1", 18), ("--http2-prior-knowledge", 92)] {
        let (exit, text) = curl_with_code(address, &[protocol]).await;
        let status = text.split_whitespace().nth(1);
        assert_eq!((status, exit), (Some("200"), Some(code)), "{text}");
        assert!(text.contains("\r\n\r\n."), "{text}");
        let kind = end(&mut receiver).await;
        assert_eq!(kind, CancelledKind::Elapsed, "{protocol}");
    }
}

#[tokio::test]
async fn curl_gets_a_504_with_an_empty_body_for_an_answer_past_its_time() {
    let layer = ContextLayer::new().deadline(ms(50));
    let address = serve_root(async || pending::<()>().await, layer).await;
    let text = curl(address, &[]).await.to_lowercase();
    assert!(text.starts_with("http/1.1 504 gateway timeout"), "{text}");
    assert!(text.contains("content-length: 0\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn body_that_waits_for_ever_ends_with_an_error_without_a_further_frame() {
    let handler = async || {
        let first = stream::iter([Ok::<_, Infallible>("first")]);
        AxumBody::from_stream(first.chain(stream::pending()))
    };
    let address = serve_root(handler, limit()).await;
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
    let address = serve_root(handler, limit()).await;
    for protocol in Protocol::ALL {
        let response = soon(protocol.get(address).send()).await.unwrap();
        let kind = end(&mut receiver).await;
        assert_eq!(kind, CancelledKind::Elapsed, "{protocol:?}");
        let error = soon(response.bytes()).await.unwrap_err();
        assert!(!error.is_timeout(), "{protocol:?} {error:?}");
    }
}

#[tokio::test]
async fn client_that_hangs_up_stops_the_work_behind_its_request() {
    let (children, mut receiver) = Children::new();
    let layers = [
        ("cancel", ContextLayer::new().cancel_on_disconnect()),
        ("deadline", ContextLayer::new().deadline(ms(60_000))),
    ];
    for (name, layer) in layers {
        let address = long(layer, children.clone()).await;
        for protocol in Protocol::ALL {
            let mut response = soon(protocol.get(address).send()).await.unwrap();
            assert!(soon(response.chunk()).await.unwrap().is_some());
            drop(response);
            let kind = end(&mut receiver).await;
            assert_eq!(kind, CancelledKind::Dropped, "{name}, {protocol:?}");
        }
    }
}

#[tokio::test]
async fn client_that_hangs_up_before_the_head_stops_the_work_behind_its_request() {
    let (children, mut receiver) = Children::new();
    let handler = async move || {
        children.spawn();
        pending::<()>().await;
    };
    let address = serve_root(handler, ContextLayer::new().cancel_on_disconnect()).await;
    for protocol in Protocol::ALL {
        let request = tokio::spawn(protocol.get(address).send());
        let child = soon(receiver.recv()).await.unwrap();
        request.abort();
        let cancelled = soon(child).await.unwrap().unwrap_err();
        assert_eq!(cancelled.kind(), CancelledKind::Dropped, "{protocol:?}");
    }
}
