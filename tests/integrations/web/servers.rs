//! axum over TCP: headers that must stay, upgrades, and where contexts end.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::{Request, WebSocketUpgrade, ws::Message};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing;
use bytes::Bytes;
use context_vars::web::ContextLayer;
use context_vars::{context_var, inherit_with, prelude::*};
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Protocol, Seen, chunks, sent, serve, soon};

context_var! {
    static REQUEST_ID: u64;
    static USER: String = "anonymous".to_owned();
}

fn layer() -> ContextLayer {
    ContextLayer::new()
        .detached()
        .request_id(&REQUEST_ID, || 1000)
}

#[tokio::test]
async fn length_of_a_body_is_sent_as_without_the_layer() {
    let stream = async || AxumBody::new(chunks(2, |n| n.to_string()));
    let routes = || {
        Router::new()
            .route("/text", routing::get(async || "0123456789"))
            .route("/empty", routing::get(async || ""))
            .route("/none", routing::get(async || StatusCode::NO_CONTENT))
            .route("/stream", routing::get(stream))
    };
    let bare = serve(routes()).await;
    let wrapped = serve(routes().layer(layer())).await;
    let framing = async |client: &reqwest::Client, method, address, path| {
        let url = format!("http://{address}/{path}");
        let response = client.request(method, url).send().await.unwrap();
        let header = |name| response.headers().get(name).cloned();
        let framing = (header("content-length"), header("transfer-encoding"));
        (framing, response.text().await.unwrap())
    };
    for protocol in Protocol::ALL {
        let client = protocol.client();
        for method in [http::Method::GET, http::Method::HEAD] {
            for path in ["text", "empty", "none", "stream"] {
                let a = framing(&client, method.clone(), bare, path).await;
                let b = framing(&client, method.clone(), wrapped, path).await;
                assert_eq!(a, b, "{protocol:?} {method} {path}");
                if path == "text" {
                    assert_eq!(a.0.0.unwrap(), "10");
                }
            }
        }
    }
}

#[tokio::test]
async fn request_body_is_read_inside() {
    // By the handler, in its own task: so a stream that the handler makes of it is inside too.
    let echo = async |body: AxumBody| {
        let stream = body.into_data_stream();
        AxumBody::from_stream(futures::TryStreamExt::map_ok(stream, |chunk: Bytes| {
            format!("{} {}", REQUEST_ID.get(), chunk.len())
        }))
    };
    let router = Router::new().route("/", routing::post(echo));
    let address = serve(router.layer(layer())).await;
    for protocol in Protocol::ALL {
        let request = protocol.client().post(format!("http://{address}/"));
        let request = request.header("x-request-id", 7).body("12345");
        assert_eq!(sent(request).await, "7 5");
    }
}

#[tokio::test]
async fn neither_what_a_request_sets_nor_its_panic_reaches_the_next_on_its_connection() {
    // R21 with the layer: a request's own context is no root, so it may set.
    async fn authenticate(request: Request, next: Next) -> Response {
        if let Some(user) = request.headers().get("authorization") {
            USER.set(user.to_str().unwrap().to_owned());
        }
        next.run(request).await
    }
    let panics = async || -> String { panic!("a bug of {} (part of the test)", USER.get()) };
    let streamed = async || AxumBody::new(chunks(2, |_| USER.get()));
    let router = Router::new()
        .route("/", routing::get(streamed))
        .route("/panic", routing::get(panics))
        .layer(middleware::from_fn(authenticate))
        .layer(layer());
    let address = serve(router).await;
    for protocol in Protocol::ALL {
        let client = protocol.client();
        let get = |path| client.get(format!("http://{address}/{path}"));
        for _ in 0..10 {
            let alice = get("").header("authorization", "alice");
            assert_eq!(sent(alice).await, "alicealice");
            assert_eq!(sent(get("")).await, "anonymousanonymous");
            let panics = get("panic").header("authorization", "alice");
            assert!(panics.send().await.is_err());
            assert_eq!(sent(get("")).await, "anonymousanonymous");
        }
    }
}

// ---- what the documentation says of where a context ends ----

#[tokio::test]
async fn what_is_set_around_serve_does_not_reach_requests() {
    let router = Router::new()
        .route("/", routing::get(async || USER.get()))
        .layer(ContextLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async move { axum::serve(listener, router).await.unwrap() };
    tokio::spawn(USER.scope("around serve".into(), serve));
    for protocol in Protocol::ALL {
        assert_eq!(sent(protocol.get(address)).await, "anonymous");
    }
}

/// All that the server sends on a socket that was upgraded: a head, and the frames.
async fn upgraded(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         x-request-id: 7\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    soon(stream.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn callback_of_an_upgrade_runs_outside_unless_it_inherits() {
    async fn hello(mut socket: axum::extract::ws::WebSocket) {
        let text = format!("I am {}.", REQUEST_ID.get_or(0));
        socket.send(Message::text(text)).await.unwrap();
    }
    let bare = async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(hello);
    let inherits = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(inherit_with(|socket| hello(socket).inherit_context()))
    };
    let router = Router::new()
        .route("/bare", routing::get(bare))
        .route("/inherits", routing::get(inherits))
        .layer(layer());
    let address = serve(router).await;
    for (path, greeting) in [("/bare", "I am 0."), ("/inherits", "I am 7.")] {
        let all = upgraded(address, path).await;
        assert!(all.ends_with(greeting), "{path}: {all:?}");
    }
}

#[tokio::test]
async fn layer_that_comes_before_in_axum_is_inside() {
    // The last one is the outermost.
    let log = |seen: Seen, place: &'static str| {
        middleware::from_fn(move |request: Request, next: Next| {
            seen.note(format!("{place} {}", REQUEST_ID.get_or(0)));
            next.run(request)
        })
    };
    let seen = Seen::default();
    let router = Router::new()
        .route("/", routing::get(async || Ok::<_, Infallible>("")))
        .layer(log(seen.clone(), "inside"))
        .layer(layer())
        .layer(log(seen.clone(), "outside"));
    let address = serve(router).await;
    let request = Protocol::Http1.get(address).header("x-request-id", 7);
    request.send().await.unwrap();
    assert_eq!(seen.lines(), ["outside 0", "inside 7"]);
}
