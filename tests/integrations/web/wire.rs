//! From one process to the next: clients that inject, servers that extract.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing;
use bytes::Bytes;
use context_vars::context_var;
use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::web::{ContextLayer, InjectLayer};
use futures::future::join_all;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::support::{Protocol, ask, get, sent, serve, text};

context_var! {
    static REQUEST_ID: u64;
    static TENANT: String = "nobody's".to_owned();
    static SECRET: String;
}

fn propagator() -> Propagator {
    Propagator::builder()
        .header(Header::new(&REQUEST_ID, "x-request-id"))
        .baggage(Baggage::new(&TENANT, "tenant"))
        .build()
}

/// What the context of a request is on the other side.
async fn identity(headers: HeaderMap) -> String {
    let secret = SECRET.is_set() || headers.iter().any(|(_, v)| v.as_bytes() == b"secret");
    format!("{} {} {secret}", REQUEST_ID.get_or(0), TENANT.get())
}

fn back() -> Router {
    let layer = ContextLayer::new().detached().extract(propagator());
    Router::new()
        .route("/", routing::get(identity))
        .layer(layer)
}

fn here<F: Future>(id: u64, future: F) -> impl Future<Output = F::Output> {
    let future = TENANT.scope(format!("Müller & Co {id}"), future);
    SECRET.scope("secret".to_owned(), REQUEST_ID.scope(id, future))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reqwest_carries_the_headers_of_each_request() {
    let address = serve(back()).await;
    let propagator = propagator();
    for protocol in Protocol::ALL {
        let client = protocol.client();
        let calls = (1..=200).map(|id| {
            let (client, propagator) = (&client, &propagator);
            here(id, async move {
                let request = client.get(format!("http://{address}/"));
                let request = request.headers(propagator.headers());
                let text = sent(request).await;
                assert_eq!(text, format!("{id} Müller & Co {id} false"));
            })
        });
        join_all(calls).await;
    }
    assert_eq!(propagator.rejections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unlisted_baggage_goes_on_from_each_request_to_the_calls_that_its_tasks_make() {
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .forward_unlisted()
        .build();
    let layer = ContextLayer::new().extract(propagator.clone());
    let next = async move || {
        let outgoing = move || propagator.headers();
        let headers = context_vars::task::spawn_blocking(outgoing).await.unwrap();
        String::from_utf8(headers["baggage"].as_bytes().to_vec()).unwrap()
    };
    let router = Router::new().route("/", routing::get(next)).layer(layer);
    let address = serve(router).await;
    for protocol in Protocol::ALL {
        let client = protocol.client();
        join_all((1..=200).map(async |id| {
            let members = format!("region=eu-{id};ttl=5,tenant={id},trace={id}");
            let request = client.get(format!("http://{address}/"));
            let text = sent(request.header("baggage", members)).await;
            assert_eq!(text, format!("tenant={id},region=eu-{id};ttl=5,trace={id}"));
        }))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn layer_around_hypers_client_sends_to_the_hosts_it_was_told() {
    let (ours, theirs) = (serve(back()).await, serve(back()).await);
    let port = ours.port();
    let layer = InjectLayer::new(propagator(), move |uri: &Uri| uri.port_u16() == Some(port));
    for http2 in [false, true] {
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
            .http2_only(http2)
            .build_http();
        let client = ServiceBuilder::new().layer(layer.clone()).service(client);
        let calls = (1..=200).map(|id| {
            let client = client.clone();
            here(id, async move {
                for address in [ours, theirs] {
                    let request = Request::get(format!("http://{address}/"));
                    let request = request.body(Empty::new()).unwrap();
                    let response = client.clone().oneshot(request).await.unwrap();
                    let text = response.into_body().collect().await.unwrap().to_bytes();
                    match address == ours {
                        true => assert_eq!(text, format!("{id} Müller & Co {id} false")),
                        false => assert_eq!(text, "0 nobody's false"),
                    }
                }
            })
        });
        join_all(calls).await;
    }
    assert_eq!(format!("{layer:?}"), "InjectLayer { .. }");
}

#[tokio::test]
async fn three_processes_in_a_row_share_one_id() {
    // Each hop is a server that asks the next one, and says what it sees itself.
    static HOPS: AtomicUsize = AtomicUsize::new(0);
    let mut address = serve(back()).await;
    for _ in 0..2 {
        let next = address;
        let forward = async move |headers: HeaderMap| {
            HOPS.fetch_add(1, Ordering::Relaxed);
            let client = Protocol::Http1.client();
            let request = client.get(format!("http://{next}/"));
            let request = request.headers(propagator().headers());
            let behind = sent(request).await;
            format!("{} | {behind}", identity(headers).await)
        };
        let layer = ContextLayer::new().detached().extract(propagator());
        address = serve(Router::new().route("/", routing::get(forward)).layer(layer)).await;
    }
    let request = Protocol::Http1.get(address);
    let request = request
        .header("x-request-id", "7")
        .header("baggage", "tenant=acme");
    let text = sent(request).await;
    assert_eq!(text, "7 acme false | 7 acme false | 7 acme false");
    assert_eq!(HOPS.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_a_peer_may_not_send_leaves_the_variable_as_it_was() {
    let propagator = propagator();
    let layer = ContextLayer::new()
        .set(&TENANT, |_| Some("set before".to_owned()))
        .extract(propagator.clone());
    let service = layer.layer(service_fn(async |request: Request<String>| {
        let (parts, _) = request.into_parts();
        Ok::<_, Infallible>(Response::new(identity(parts.headers).await))
    }));
    let bad: [&[(&str, &[u8])]; 5] = [
        &[("x-request-id", b"seven")],
        &[("x-request-id", b"7"), ("x-request-id", b"8")],
        &[("baggage", b"tenant=%F")],
        &[("baggage", b"tenant=%0Ax-admin")],
        &[("baggage", b"tenant=\xff")],
    ];
    for (n, headers) in bad.into_iter().enumerate() {
        let response = ask(service.clone(), headers).await;
        assert_eq!(text(response).await, "0 set before false", "{headers:?}");
        assert!(
            propagator.rejections() > n as u64,
            "{headers:?} is reported"
        );
    }
}

#[tokio::test]
async fn injected_headers_replace_and_unset_variables_leave_them() {
    let client = InjectLayer::new(propagator(), |_| true).layer(service_fn(
        async |request: Request<String>| {
            let all: Vec<_> = request.headers().get_all("x-request-id").iter().collect();
            Ok::<_, Infallible>(Response::new(format!("{all:?}")))
        },
    ));
    let request = || get(&[("x-request-id", b"old"), ("x-request-id", b"older")]);
    let set = REQUEST_ID.scope(7, client.clone().oneshot(request())).await;
    assert_eq!(set.unwrap().into_body(), r#"["7"]"#);
    let unset = client.oneshot(request()).await;
    assert_eq!(unset.unwrap().into_body(), r#"["old", "older"]"#);
}
