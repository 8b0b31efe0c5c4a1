//! Layers of tower-http outside and inside of the `ContextLayer`: the log lines on the page.

use std::time::Duration;

use axum::{Router, routing};
use context_vars::context_var;
use context_vars::logs::ContextFormat;
use context_vars::web::ContextLayer;
use http::StatusCode;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Level;

use crate::shared::Output;
use crate::support::{curl, serve};

context_var! {
    static REQUEST_ID: u64;
}

const PAGE: &str = include_str!("../../../context-vars/src/docs/web.md");

/// The limit of the requests, whose handler never answers.
const LIMIT: Duration = Duration::from_millis(100);

fn routes() -> Router {
    let handle = async || {
        tracing::info!("accepted");
        std::future::pending::<()>().await;
    };
    Router::new().route("/", routing::get(handle))
}

fn contexts() -> ContextLayer {
    ContextLayer::new().detached().request_id(&REQUEST_ID, || 7)
}

fn timeouts() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LIMIT)
}

/// A line with the latency that the page shows, because it depends on the machine.
fn with_the_latency_of_the_page(line: &str) -> String {
    match line.split_once("latency=") {
        Some((before, after)) => {
            let (_, after) = after.split_once(' ').unwrap();
            format!("{before}latency={} {after}", LIMIT.as_millis())
        }
        None => line.to_owned(),
    }
}

/// Returns the lines that the server writes for a request that takes too long, then the status and the
/// id that curl receives.
async fn lines(router: Router) -> String {
    let output = Output::default();
    let writer = output.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .map_event_format(ContextFormat::new)
        .with_writer(move || writer.clone())
        .finish();
    // This runtime has one thread, which also runs the server.
    let guard = tracing::subscriber::set_default(subscriber);
    let response = curl(serve(router).await, &[]).await;
    drop(guard);

    let written = output.text();
    let of_the_request = |line: &&str| line.contains("request") || line.contains("accepted");
    let lines = written.lines().filter(of_the_request);
    let mut lines: Vec<_> = lines.map(with_the_latency_of_the_page).collect();
    let mut head = response.lines();
    let status = head.next().unwrap().to_owned();
    let id = head.find(|line| line.starts_with("x-request-id"));
    lines.push(match id {
        Some(id) => format!("{status}, {id}"),
        None => format!("{status}, no x-request-id"),
    });
    lines.join("\n")
}

/// Returns whether the page has exactly these lines, under the words that describe the order.
#[track_caller]
fn assert_page_has(order: &str, lines: &str) {
    let (_, after) = PAGE.split_once(order).expect("the order on the page");
    let (_, block) = after.split_once("```text\n").unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    assert_eq!(lines, block, "{order}");
}

#[tokio::test]
async fn layers_inside_the_context_write_the_id() {
    let router = routes()
        .layer(timeouts())
        .layer(TraceLayer::new_for_http())
        .layer(contexts());
    let lines = lines(router).await;
    let is_named = |line: &str| line.ends_with("request_id=7") || line.ends_with("x-request-id: 7");
    assert!(lines.lines().all(is_named), "{lines}");
    assert_page_has("context, trace, timeout, handler:", &lines);
}

#[tokio::test]
async fn trace_outside_of_the_context_writes_no_id() {
    let router = routes()
        .layer(timeouts())
        .layer(contexts())
        .layer(TraceLayer::new_for_http());
    assert_page_has("trace, context, timeout, handler:", &lines(router).await);
}

#[tokio::test]
async fn answer_of_a_timeout_outside_of_the_context_has_no_id() {
    let router = routes()
        .layer(contexts())
        .layer(timeouts())
        .layer(TraceLayer::new_for_http());
    assert_page_has("trace, timeout, context, handler:", &lines(router).await);
}
