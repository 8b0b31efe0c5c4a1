//! Run `cargo run --example two_services` and see one id in the logs of two processes.
//!
//! The front gives each request an id and finds out the tenant; then it asks the stock, a second
//! process. One list names the variables that are sent: the id in its header, the tenant in W3C
//! baggage, and nothing else. The log lines of the stock have both, although no function passes them
//! on.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};
use std::sync::{LazyLock, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::routing::get;
use context_vars::context_var;
use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::web::ContextLayer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use uuid::Uuid;

context_var! {
    /// The same in both processes.
    static REQUEST_ID: Uuid = Uuid::nil();
    /// Who pays; any text.
    static TENANT: String = "nobody".to_owned();
    /// Stays in the front: it is not on the list.
    static SESSION: String;
}

type AnyError = Box<dyn Error + Send + Sync>;

/// The variables that are sent between the two, each with its place in a request.
static PROPAGATOR: LazyLock<Propagator> = LazyLock::new(|| {
    Propagator::builder()
        .header(Header::new(&REQUEST_ID, "x-request-id").as_id())
        .baggage(Baggage::new(&TENANT, "tenant"))
        .build()
});

/// Writes a line of the log, with the request and the tenant from the context.
fn line(text: &str) -> String {
    format!("{} [{}] {text}", REQUEST_ID.get(), TENANT.get())
}

// ---- The stock, a separate process ------------------------------------------------------------

fn stock() -> Router {
    let layer = ContextLayer::new().detached().extract(PROPAGATOR.clone());
    Router::new()
        .route("/items/{item}", get(count))
        .layer(layer)
}

async fn count(Path(item): Path<u64>, headers: HeaderMap) -> String {
    tokio::task::yield_now().await;
    println!("{}", line(&format!("stock counts item {item}")));
    let leaked = headers
        .values()
        .any(|value| value.as_bytes().starts_with(b"session"));
    format!(
        "{} of item {item}{}",
        item * 10,
        if leaked { ", LEAKED" } else { "" }
    )
}

/// Prints its address in the first line, and serves until its standard input is closed.
async fn stock_process() -> Result<(), AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let server = axum::serve(listener, stock());
    let ended = async {
        let _ = tokio::io::stdin().read(&mut [0]).await;
    };
    tokio::select! {
        result = async { server.await } => Ok(result?),
        () = ended => Ok(()),
    }
}

// ---- The front ------------------------------------------------------------------------------

static FRONT_LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn log(text: &str) {
    FRONT_LOG.lock().unwrap().push(line(text));
}

/// The connection from the front to the stock.
#[derive(Clone)]
struct Stock {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Stock {
    /// The headers are the current context's.
    async fn count(&self, item: u64) -> reqwest::Result<String> {
        let request = self
            .client
            .get(format!("http://{}/items/{item}", self.address));
        let response = request.headers(PROPAGATOR.headers()).send().await?;
        response.error_for_status()?.text().await
    }
}

fn front(stock: Stock) -> Router {
    let cookie = |parts: &Parts, name: &str| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let layer = ContextLayer::new()
        .detached()
        .request_id(&REQUEST_ID, Uuid::now_v7)
        .set(&SESSION, move |parts| cookie(parts, "x-session"))
        .set(&TENANT, |_| {
            SESSION.try_with(|session| tenant_of(session)).ok()?
        });
    Router::new()
        .route("/shop/{item}", get(show))
        .with_state(stock)
        .layer(layer)
}

fn tenant_of(session: &str) -> Option<String> {
    let number: usize = session.strip_prefix("session-")?.parse().ok()?;
    Some(TENANTS[number % TENANTS.len()].to_owned())
}

const TENANTS: [&str; 3] = ["acme", "Müller & Söhne", "100% Tee, ltd."];

async fn show(State(stock): State<Stock>, Path(item): Path<u64>) -> Result<String, String> {
    log(&format!("front shows item {item}"));
    stock.count(item).await.map_err(|error| error.to_string())
}

// ---- The visit and the check ----------------------------------------------------------------

const REQUESTS: u64 = 50;

fn start_stock() -> Result<Child, AnyError> {
    let mut process = Command::new(std::env::current_exe()?);
    process.arg("--stock").kill_on_drop(true);
    Ok(process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?)
}

/// Asks for one item. Returns the id that the front sent back, if all else is right.
async fn visit(client: &reqwest::Client, front: SocketAddr, item: u64) -> Result<String, AnyError> {
    let request = client.get(format!("http://{front}/shop/{item}"));
    let request = request.header("x-session", format!("session-{item}"));
    let response = request.send().await?.error_for_status()?;
    let id = response.headers()["x-request-id"].to_str()?.to_owned();
    match response.text().await? {
        text if text == format!("{} of item {item}", item * 10) => Ok(id),
        text => Err(format!("item {item}: {text}").into()),
    }
}

/// The lines that both logs must have, by request.
fn expected(ids: &BTreeMap<u64, String>, text: &str) -> BTreeSet<String> {
    let line = |(item, id): (&u64, &String)| {
        let tenant = TENANTS[*item as usize % TENANTS.len()];
        format!("{id} [{tenant}] {text} item {item}")
    };
    ids.iter().map(line).collect()
}

fn compare(name: &str, log: &[String], expected: &BTreeSet<String>) -> bool {
    let found: BTreeSet<String> = log.iter().cloned().collect();
    let wrong = found.symmetric_difference(expected).count();
    println!(
        "{name}: {} log lines, {wrong} mixed up or missing",
        log.len()
    );
    wrong == 0 && log.len() == expected.len()
}

async fn shop() -> Result<bool, AnyError> {
    let mut child = start_stock()?;
    let mut stock_log = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let address = stock_log.next_line().await?.ok_or("no address")?.parse()?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let stock = Stock {
        client: client.clone(),
        address,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let front_address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, front(stock)).await });

    let visits = (0..REQUESTS).map(|item| {
        let client = &client;
        async move { Ok::<_, AnyError>((item, visit(client, front_address, item).await?)) }
    });
    let ids: BTreeMap<_, _> = futures::future::try_join_all(visits)
        .await?
        .into_iter()
        .collect();

    drop(child.stdin.take()); // the stock ends
    let mut stock_lines = Vec::new();
    while let Some(line) = stock_log.next_line().await? {
        stock_lines.push(line);
    }
    child.wait().await?;
    let front_lines = FRONT_LOG.lock().unwrap();
    for id in ids.values().take(3) {
        for line in front_lines
            .iter()
            .chain(&stock_lines)
            .filter(|line| line.starts_with(id))
        {
            println!("{line}");
        }
    }
    let front_is_right = compare("front", &front_lines, &expected(&ids, "front shows"));
    let stock_is_right = compare("stock", &stock_lines, &expected(&ids, "stock counts"));
    Ok(front_is_right && stock_is_right)
}

#[tokio::main]
async fn main() -> Result<ExitCode, AnyError> {
    let right = match std::env::args().nth(1).as_deref() {
        Some("--stock") => stock_process().await.map(|()| true)?,
        _ => shop().await?,
    };
    Ok(if right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
