//! Thousands of requests at once: no line mixed up or missing, no body dropped elsewhere.
//!
//! The expected content of a line is passed on by hand, as a number in `x-order`. Its actual content comes
//! from the context. The last test shows that the count can fail.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use context_vars::{Context, context_var, prelude::*};
use futures::future::{join_all, try_join_all};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, RequestBuilder};
use tokio::runtime::Builder;

use self::server::{App, CHUNKS, EVENTS, Line, order_of, routes, user_of, with_contexts};
use crate::support::{Protocol, serve, soon};

mod server;

context_var! {
    static REQUEST_ID: u64;
    static USER: String = "nobody".to_owned();
}

fn request(client: &Client, address: SocketAddr, path: &str, order: u64) -> RequestBuilder {
    let request = client.get(format!("http://{address}/{path}"));
    let request = request.header("x-request-id", order);
    let request = request.header("x-order", order);
    request.header("authorization", user_of(order))
}

/// Asks for a report and compares it with what it must be.
async fn read_report(client: Client, address: SocketAddr, order: u64) -> Result<(), String> {
    let failed = |error| format!("{order}: {error:?}");
    let response = request(&client, address, "report", order).send().await;
    let response = response.map_err(failed)?;
    let id = response.headers()["x-request-id"].clone();
    let text = response.text().await.map_err(failed)?;
    let lines = (0..CHUNKS.len()).map(|n| format!("{n} {order} {}\n", user_of(order)));
    match id == order.to_string() && text == lines.collect::<String>() {
        true => Ok(()),
        false => Err(format!("{order}: id {id:?}, {text:?}")),
    }
}

/// Runs a test on several threads, beside a server that holds requests back until `together` of them have come.
fn with_server<F: AsyncFnOnce(App, SocketAddr)>(
    together: u64,
    router: fn(&App) -> Router,
    test: F,
) {
    let mut runtime = Builder::new_multi_thread();
    runtime
        .worker_threads(4)
        .max_blocking_threads(16)
        .enable_all();
    runtime.build().unwrap().block_on(async {
        let app = App::new(together as usize);
        let address = serve(router(&app)).await;
        test(app, address).await;
    });
}

fn assert_all_right(lines: &[Line]) {
    let wrong: Vec<_> = lines.iter().filter(|line| !line.is_right()).collect();
    assert!(wrong.is_empty(), "{} mixed up: {:?}", wrong.len(), wrong[0]);
}

/// Every line right, and each event of each order there once.
async fn check(app: &App, orders: u64) {
    let lines = app.lines(orders as usize * EVENTS.len(), None).await;
    assert_all_right(&lines);
    let mut events = BTreeMap::<u64, Vec<&str>>::new();
    for line in lines {
        events.entry(line.order).or_default().push(line.event);
    }
    for order in 0..orders {
        let mut events = events.remove(&order).unwrap_or_default();
        events.sort_unstable();
        assert_eq!(events, EVENTS, "request {order}");
    }
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn five_thousand_requests_of_http2_at_once_keep_their_own() {
    const CONNECTIONS: u64 = 32;
    const EACH: u64 = 160;
    const ALL: u64 = CONNECTIONS * EACH;
    // All of them are in the middle of their handlers before one goes on.
    with_server(ALL, with_contexts, async |app, address| {
        let mut requests = Vec::new();
        for connection in 0..CONNECTIONS {
            let client = Protocol::Http2.client();
            for n in 0..EACH {
                let order = connection + n * CONNECTIONS;
                requests.push(read_report(client.clone(), address, order));
            }
        }
        try_join_all(requests).await.unwrap();
        check(&app, ALL).await;
    });
}

#[test]
fn five_thousand_requests_of_http1_in_256_connections_keep_their_own() {
    const TOGETHER: u64 = 256;
    const ALL: u64 = TOGETHER * 20;
    with_server(TOGETHER, with_contexts, async |app, address| {
        let client = Protocol::Http1.client();
        // As soon as one is answered the next is sent, on a connection that was used before.
        let reports = (0..ALL).map(|order| read_report(client.clone(), address, order));
        let reports = stream::iter(reports).buffer_unordered(TOGETHER as usize);
        reports.try_collect::<()>().await.unwrap();
        check(&app, ALL).await;
    });
}

/// Clients that go away in the middle: everything is dropped, once, in its own context.
async fn check_dropped(app: &App, orders: u64) {
    let lines = app.lines(orders as usize, Some("dropped")).await;
    assert_all_right(&lines);
    let dropped = lines.iter().filter(|line| line.event == "dropped");
    let mut dropped: Vec<_> = dropped.map(|line| line.order).collect();
    dropped.sort_unstable();
    assert_eq!(dropped, (0..orders).collect::<Vec<_>>());
}

#[test]
fn body_of_a_client_that_vanishes_is_dropped_in_its_own_context() {
    const TOGETHER: u64 = 100;
    const ALL: u64 = TOGETHER * 10;
    for protocol in Protocol::ALL {
        with_server(1, with_contexts, async |app, address| {
            for round in 0..ALL / TOGETHER {
                // One connection of HTTP/2 takes only so many resets before it is shut.
                let client = protocol.client();
                let vanish = |n| {
                    let order = round * TOGETHER + n;
                    let request = request(&client, address, "endless", order);
                    async move {
                        let mut response = request.send().await?;
                        assert_eq!(response.headers()["x-request-id"], order.to_string());
                        response.chunk().await?.expect("a chunk");
                        Ok::<_, reqwest::Error>(())
                    }
                };
                try_join_all((0..TOGETHER).map(vanish)).await.unwrap();
            }
            check_dropped(&app, ALL).await;
        });
    }
}

#[test]
fn handler_of_a_client_that_vanishes_is_dropped_in_its_own_context() {
    const ALL: u64 = 150;
    for protocol in Protocol::ALL {
        with_server(1, with_contexts, async |app, address| {
            let client = protocol.client();
            let send = |order| tokio::spawn(request(&client, address, "never", order).send());
            let requests: Vec<_> = (0..ALL).map(send).collect();
            drop(soon(app.begun.acquire_many(ALL as u32)).await.unwrap());
            for request in requests {
                request.abort();
            }
            check_dropped(&app, ALL).await;
        });
    }
}

/// The same with the handler's future alone in a context, which is what a task-local gives.
#[test]
fn without_the_layer_every_line_of_a_body_is_lost_and_this_test_sees_it() {
    const ALL: u64 = 64;
    async fn future_alone(request: Request, next: Next) -> Response {
        let order = order_of(request.headers());
        let context = Context::new().with_value(&REQUEST_ID, order);
        let mut response = next.run(request).in_context(context).await;
        response.headers_mut().insert("x-request-id", order.into());
        response
    }
    let without_layer = |app: &App| routes(app).layer(middleware::from_fn(future_alone));
    for protocol in Protocol::ALL {
        with_server(ALL, without_layer, async |app, address| {
            let client = protocol.client();
            let send = |order| read_report(client.clone(), address, order);
            let results = join_all((0..ALL).map(send)).await;
            assert!(results.iter().all(Result::is_err));
            let lines = app.lines(ALL as usize * EVENTS.len(), None).await;
            let (right, wrong): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.is_right());
            let of_body = |line: &&Line| line.event == "dropped" || CHUNKS.contains(&line.event);
            assert!(wrong.iter().all(of_body));
            assert_eq!(wrong.len(), ALL as usize * (CHUNKS.len() + 1));
            assert_eq!(right.len() + wrong.len(), ALL as usize * EVENTS.len());
        });
    }
}
