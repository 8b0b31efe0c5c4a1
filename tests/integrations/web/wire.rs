//! From one process to the next: clients that inject, servers that extract.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::web::{ContextLayer, InjectLayer};
use context_vars::{Context, context_var};
use futures::future::join_all;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::support::{Protocol, ask_text, curl, get, respond_with, sent, serve_root, text};

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

/// Returns the context of a request on the other side.
async fn identity(headers: HeaderMap) -> String {
    let secret = SECRET.is_set() || headers.iter().any(|(_, v)| v.as_bytes() == b"secret");
    format!("{} {} {secret}", REQUEST_ID.get_or(0), TENANT.get())
}

fn extracts() -> ContextLayer {
    ContextLayer::new().detached().extract(propagator())
}

/// A server that says what the context of each request is.
async fn back() -> SocketAddr {
    serve_root(identity, extracts()).await
}

fn here<F: Future>(id: u64, future: F) -> impl Future<Output = F::Output> {
    let future = TENANT.scope(format!("Müller & Co {id}"), future);
    SECRET.scope("secret".to_owned(), REQUEST_ID.scope(id, future))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reqwest_carries_the_headers_of_each_request_in_place_of_earlier_ones() {
    let address = back().await;
    let propagator = propagator();
    for protocol in Protocol::ALL {
        let client = protocol.client();
        let calls = (1..=500).map(|id| {
            let (client, propagator) = (&client, &propagator);
            here(id, async move {
                let request = client.get(format!("http://{address}/"));
                // A header that was there before is replaced.
                let request = request.header("x-request-id", "666");
                let text = sent(request.headers(propagator.headers())).await;
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
    let address = serve_root(next, layer).await;
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
    let (ours, theirs) = (back().await, back().await);
    let port = ours.port();
    let is_ours = move |request: &Parts| request.uri.port_u16() == Some(port);
    let layer = InjectLayer::new(propagator(), is_ours);
    for protocol in Protocol::ALL {
        let client = protocol.hyper_client();
        let client = ServiceBuilder::new().layer(layer.clone()).service(client);
        let calls = (1..=200).map(|id| {
            let client = client.clone();
            here(id, async move {
                for address in [ours, theirs] {
                    let request = Request::get(format!("http://{address}/"));
                    let request = request.body(Empty::new()).unwrap();
                    let text = text(client.clone().oneshot(request).await.unwrap()).await;
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
    let mut address = back().await;
    for _ in 0..2 {
        let next = address;
        let forward = async move |headers: HeaderMap| {
            let request = Protocol::Http1.get(next).headers(propagator().headers());
            let behind = sent(request).await;
            format!("{} | {behind}", identity(headers).await)
        };
        address = serve_root(forward, extracts()).await;
    }
    let request = Protocol::Http1.get(address).header("x-request-id", "7");
    let text = sent(request.header("baggage", "tenant=acme")).await;
    assert_eq!(text, "7 acme false | 7 acme false | 7 acme false");
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
        let seen = ask_text(service.clone(), headers).await;
        assert_eq!(seen, "0 set before false", "{headers:?}");
        let reported = propagator.rejections();
        assert!(reported > n as u64, "{headers:?} is reported");
    }
}

#[tokio::test]
async fn injected_headers_replace_and_those_of_unset_variables_are_removed() {
    let client = InjectLayer::new(propagator(), |_| true).layer(respond_with(|request| {
        let all: Vec<_> = request.headers().get_all("x-request-id").iter().collect();
        format!("{all:?}")
    }));
    let request = || get(&[("x-request-id", b"old"), ("x-request-id", b"older")]);
    let set = REQUEST_ID.scope(7, client.clone().oneshot(request())).await;
    assert_eq!(set.unwrap().into_body(), r#"["7"]"#);
    let unset = client.oneshot(request()).await;
    assert_eq!(unset.unwrap().into_body(), "[]");
}

#[tokio::test]
async fn rule_sees_the_whole_request_and_one_that_it_refuses_stays() {
    let rule = |request: &Parts| {
        request.method == "PUT"
            && request.headers.contains_key("x-ours")
            && request.extensions.get() == Some(&"ours")
    };
    let client = InjectLayer::new(propagator(), rule).layer(respond_with(|request| {
        format!("{:?}", request.headers().get("x-request-id"))
    }));
    let request = |method, extension: &'static str| {
        let mut request = get(&[("x-ours", b""), ("x-request-id", b"666")]);
        *request.method_mut() = method;
        request.extensions_mut().insert(extension);
        REQUEST_ID.scope(7, client.clone().oneshot(request))
    };
    for (method, extension, id) in [
        (Method::PUT, "ours", "7"),
        (Method::GET, "ours", "666"),
        (Method::PUT, "theirs", "666"),
    ] {
        let response = request(method, extension).await.unwrap();
        assert_eq!(response.into_body(), format!("Some({id:?})"), "{extension}");
    }
}

/// The headers of a request that are about identity.
async fn identity_headers(headers: HeaderMap) -> String {
    let of = |name| Vec::from_iter(headers.get_all(name));
    format!("{:?} {:?}", of("x-tenant"), of("baggage"))
}

/// A proxy that passes a request on with all of its headers, as proxies do.
async fn proxy() -> SocketAddr {
    let back = serve_root(identity_headers, ContextLayer::new()).await;
    let listed = Propagator::builder()
        .header(Header::new(&TENANT, "x-tenant"))
        .baggage(Baggage::new(&TENANT, "tenant"))
        .build();
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let client = InjectLayer::new(listed, |_| true).layer(client);
    let forward = async move |mut request: Request<Body>| {
        *request.uri_mut() = format!("http://{back}/").parse().unwrap();
        let response = client.clone().oneshot(request).await.unwrap();
        response.map(Body::new)
    };
    // The front door knows its users by their keys.
    let layer = ContextLayer::new().detached().set(&TENANT, |parts| {
        let key = parts.headers.get("x-key")?.to_str().ok()?;
        Some(key.replace("umlaut", "M\u{fc}ller"))
    });
    serve_root(forward, layer).await
}

#[tokio::test]
async fn headers_of_a_stranger_that_a_proxy_copies_never_speak_for_us() {
    let proxy = proxy().await;
    let forged = [
        ["-H", "x-tenant: mallory"],
        ["-H", "X-Tenant: eve"],
        ["-H", "baggage: tenant=mallory,other=1;p=2"],
        ["-H", "Baggage: %74enant=eve, tenant = eve"],
    ]
    .concat();
    for (key, expected) in [
        (None, r#"[] ["other=1;p=2"]"#),
        (
            Some("x-key: acme"),
            r#"["acme"] ["tenant=acme,other=1;p=2"]"#,
        ),
        // This one is sent where any text can be, and no separate header can hold it.
        (
            Some("x-key: umlaut"),
            r#"[] ["tenant=M%C3%BCller,other=1;p=2"]"#,
        ),
    ] {
        let key: Vec<_> = key.into_iter().flat_map(|key| ["-H", key]).collect();
        let response = curl(proxy, &[&*forged, &*key].concat()).await;
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, expected, "{key:?}");
    }
}

/// The recipe for reqwest-middleware.
struct Inject(Propagator);

#[async_trait::async_trait]
impl reqwest_middleware::Middleware for Inject {
    async fn handle(
        &self,
        mut request: reqwest::Request,
        extensions: &mut http::Extensions,
        next: reqwest_middleware::Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        self.0.inject(&Context::current(), request.headers_mut());
        next.run(request, extensions).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn middleware_of_reqwest_injects_into_each_request() {
    let address = back().await;
    for protocol in Protocol::ALL {
        let client = reqwest_middleware::ClientBuilder::new(protocol.client())
            .with(Inject(propagator()))
            .build();
        let call = async |forged: &str| {
            let request = client.get(format!("http://{address}/"));
            let request = request.header("x-request-id", forged);
            request.send().await.unwrap().text().await.unwrap()
        };
        let calls = (1..=500).map(|id| {
            here(id, async move {
                let text = call("666").await;
                assert_eq!(text, format!("{id} Müller & Co {id} false"));
            })
        });
        join_all(calls).await;
        assert_eq!(call("666").await, "0 nobody's false");
    }
}
