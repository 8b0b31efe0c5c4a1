//! Run `cargo run --example who_am_i` and see each user's report name that user, to its drop.
//!
//! A middleware identifies the user and sets `USER`, once. The handler and all functions below read
//! it where they need it, and so does the report, which is streamed long after the handler has
//! returned. One client disconnects in the middle: the connection that its report borrowed is given
//! back in the context of that client.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use context_vars::web::ContextLayer;
use context_vars::{context_var, inherit_context};
use futures::stream::{self, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

context_var! {
    /// On whose behalf the current request runs; has no default.
    static USER: &'static str;
}

type AnyError = Box<dyn Error + Send + Sync>;

// ---- The service ----------------------------------------------------------------------------

fn service(returned: UnboundedSender<&'static str>) -> Router {
    let report = move || report(returned.clone());
    Router::new()
        .route("/who-am-i", get(who_am_i))
        .route("/report", get(report))
        .layer(middleware::from_fn(authenticate))
        .layer(ContextLayer::new().detached()) // the last is the outermost
}

/// Rejects requests without a user.
async fn authenticate(request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization");
    match token.and_then(|token| user_of(token.as_bytes())) {
        Some(user) => {
            let _ = USER.set(user); // for the rest of this request, its body included
            next.run(request).await
        }
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn user_of(token: &[u8]) -> Option<&'static str> {
    match token {
        b"Bearer 1111" => Some("alice"),
        b"Bearer 2222" => Some("bob"),
        _ => None,
    }
}

async fn who_am_i() -> String {
    format!("you are {}", USER.get())
}

/// Begins a report and returns; the report goes on.
async fn report(returned: UnboundedSender<&'static str>) -> Body {
    let connection = Connection::borrow_one(returned);
    audit().await;
    let rows = stream::iter(1..=ROWS).then(move |row| {
        let row = connection.row(row);
        async move {
            sleep(Duration::from_millis(5)).await;
            Ok::<_, Infallible>(row)
        }
    });
    log("hands the report to the server");
    Body::from_stream(rows)
}

const ROWS: u32 = 5;

#[inherit_context]
async fn audit() {
    let audit = tokio::spawn(async { log("asked for a report") });
    audit.await.expect("the audit is done");
}

/// A connection that a report borrows from a pool, and must give back as the same user.
struct Connection(UnboundedSender<&'static str>);

impl Connection {
    fn borrow_one(returned: UnboundedSender<&'static str>) -> Self {
        log("borrows a connection");
        Self(returned)
    }

    fn row(&self, row: u32) -> String {
        format!("row {row} that {} may see\n", USER.get())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        log("gives the connection back");
        let _ = self.0.send(USER.get_or("nobody"));
    }
}

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Writes a line, with the user from the context.
fn log(text: &str) {
    let line = format!("{} {text}", USER.get_or("nobody"));
    println!("  log: {line}");
    LOG.lock().unwrap().push(line);
}

// ---- The clients ----------------------------------------------------------------------------

struct Visitor {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Visitor {
    async fn ask(&self, path: &str, token: &str) -> reqwest::Result<reqwest::Response> {
        let request = self.client.get(format!("http://{}/{path}", self.address));
        request.header("authorization", token).send().await
    }
}

/// The user that gave the last connection back.
async fn giver(returned: &mut UnboundedReceiver<&'static str>) -> &'static str {
    returned.recv().await.unwrap_or("nobody")
}

/// Returns the lines that the log must contain for a report.
fn lines_of(user: &str) -> Vec<String> {
    let texts = [
        "borrows a connection",
        "asked for a report",
        "hands the report to the server",
        "gives the connection back",
    ];
    texts.map(|text| format!("{user} {text}")).to_vec()
}

#[tokio::main]
async fn main() -> Result<ExitCode, AnyError> {
    let (sender, mut returned) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, service(sender)).await });
    let client = reqwest::Client::builder().no_proxy().build()?;
    let visitor = Visitor { client, address };
    let mut right = true;
    let mut check = |what: &str, holds: bool| {
        println!("{} {what}", if holds { "ok   " } else { "WRONG" });
        right &= holds;
    };

    for (token, user) in [("Bearer 1111", "alice"), ("Bearer 2222", "bob")] {
        let text = visitor.ask("who-am-i", token).await?.text().await?;
        check(&text, text == format!("you are {user}"));
    }
    let status = visitor.ask("who-am-i", "Bearer 3333").await?.status();
    check("nobody else comes in", status == StatusCode::UNAUTHORIZED);

    let text = visitor.ask("report", "Bearer 1111").await?.text().await?;
    let rows = (1..=ROWS).map(|row| format!("row {row} that alice may see\n"));
    check("alice reads her report", text == rows.collect::<String>());
    check("alice gave back", giver(&mut returned).await == "alice");

    let mut response = visitor.ask("report", "Bearer 2222").await?;
    let first = response.chunk().await?.unwrap_or_default();
    check("bob reads one row", first == "row 1 that bob may see\n");
    drop(response); // and goes away
    check("bob gave back", giver(&mut returned).await == "bob");

    let log = LOG.lock().unwrap();
    let expected = [lines_of("alice"), lines_of("bob")].concat();
    check("the log says who did what", *log == expected);
    println!(
        "{} log lines, {}",
        log.len(),
        if right { "0 wrong" } else { "some wrong" }
    );
    Ok(if right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
