//! Run `cargo run --example request_id` and see each log line with the id of its request.
//!
//! A web service of axum. One layer gives each request an id: the one that the client sent in
//! `x-request-id`, if it is harmless, else a new one. The handler does not pass the id on. Still
//! every line has it: those of the functions that it calls, of a spawned task, and of the receipt
//! that is streamed after the handler has returned.
//!
//! Under load by a second process, with and without the layer:
//!
//! ```text
//! cargo run --release --example request_id -- --load 20000
//! ```
//!
//! So that this can be checked, each request also carries an order number, which *is* passed on,
//! by hand, through every call.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use axum::serve::ListenerExt;
use context_vars::web::ContextLayer;
use context_vars::{context_var, inherit_context};
use futures::stream::{self, StreamExt};
use tokio::net::TcpListener;
use uuid::Uuid;

context_var! {
    /// Set by the layer for every request.
    static REQUEST_ID: Uuid = Uuid::nil();
}

type AnyError = Box<dyn Error + Send + Sync>;

// ---- The service ----------------------------------------------------------------------------

fn service() -> Router {
    let layer = ContextLayer::new()
        .detached()
        .request_id(&REQUEST_ID, Uuid::now_v7);
    routes().layer(layer)
}

fn routes() -> Router {
    Router::new().route("/orders/{order}", get(accept))
}

async fn accept(Path(order): Path<u64>) -> Body {
    log(order, "accepts the order");
    check_stock(order).await;
    send_mail(order).await;
    receipt(order)
}

async fn check_stock(order: u64) {
    tokio::task::yield_now().await;
    log(order, "  checks the stock");
}

#[inherit_context]
async fn send_mail(order: u64) {
    let mail = tokio::spawn(async move { log(order, "  a task sends a mail") });
    mail.await.expect("the task is done");
}

/// Creates the receipt line by line while it is sent, after the handler has returned.
fn receipt(order: u64) -> Body {
    let lines = stream::iter(1..=2).then(move |line| async move {
        tokio::task::yield_now().await;
        log(order, "    prints a line of the receipt");
        Ok::<_, Infallible>(format!(
            "{} line {line} of order {order}\n",
            REQUEST_ID.get()
        ))
    });
    Body::from_stream(lines)
}

const LINES_PER_REQUEST: usize = 5;

// ---- The log --------------------------------------------------------------------------------

struct Line {
    request_id: Uuid,
    order: u64,
    text: &'static str,
}

static LOG: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// Writes a line, with the id from the context and not from the caller.
fn log(order: u64, text: &'static str) {
    let request_id = REQUEST_ID.get();
    LOG.lock().unwrap().push(Line {
        request_id,
        order,
        text,
    });
}

fn take_log() -> Vec<Line> {
    std::mem::take(&mut LOG.lock().unwrap())
}

// ---- The client -----------------------------------------------------------------------------

struct Answer {
    id: String,
    receipt: String,
}

/// Orders something, with this text in `x-request-id`.
async fn ask(
    client: &reqwest::Client,
    address: SocketAddr,
    order: u64,
    id: Option<&str>,
) -> Result<Answer, AnyError> {
    let mut request = client.get(format!("http://{address}/orders/{order}"));
    if let Some(id) = id {
        request = request.header("x-request-id", id);
    }
    let response = request.send().await?.error_for_status()?;
    let id = response.headers().get("x-request-id");
    let id = id.map_or("none", |id| id.to_str().unwrap_or("not a text"));
    Ok(Answer {
        id: id.to_owned(),
        receipt: response.text().await?,
    })
}

fn client() -> Result<reqwest::Client, AnyError> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// Returns the receipt in which everything belongs to this request.
fn expected_receipt(order: u64, id: &str) -> String {
    format!("{id} line 1 of order {order}\n{id} line 2 of order {order}\n")
}

async fn serve(router: Router) -> Result<SocketAddr, AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Otherwise each small chunk of a receipt waits for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or_default());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

// ---- A short visit --------------------------------------------------------------------------

/// Runs three clients, then 200 at once. Returns whether nothing is wrong.
async fn visit() -> Result<bool, AnyError> {
    let (address, client) = (serve(service()).await?, client()?);
    let own = Uuid::now_v7().to_string();
    let mut ids = HashMap::new();
    let mut right = true;
    for (order, sent) in [Some(own.as_str()), None, Some("'; drop table orders")]
        .into_iter()
        .enumerate()
    {
        let order = order as u64;
        let answer = ask(&client, address, order, sent).await?;
        println!("client sends  {}", sent.unwrap_or("no id"));
        println!("client gets   {}\n", answer.id);
        right &= (Some(answer.id.as_str()) == sent) == (order == 0);
        right &= answer.receipt == expected_receipt(order, &answer.id);
        ids.insert(order, answer.id);
    }
    for line in LOG.lock().unwrap().iter() {
        println!("{}  order {}  {}", line.request_id, line.order, line.text);
    }
    let crowd = (3..203).map(|order| {
        let client = &client;
        async move { (order, ask(client, address, order, None).await) }
    });
    for (order, answer) in futures::future::join_all(crowd).await {
        let answer = answer?;
        right &= answer.receipt == expected_receipt(order, &answer.id);
        ids.insert(order, answer.id);
    }
    let log = take_log();
    let mixed_up = log
        .iter()
        .filter(|line| line.request_id.to_string() != ids[&line.order]);
    let (requests, lines, mixed_up) = (ids.len(), log.len(), mixed_up.count());
    println!("\n{requests} requests, {lines} log lines, {mixed_up} mixed up");
    Ok(right && mixed_up == 0 && lines == requests * LINES_PER_REQUEST)
}

// ---- Under load -----------------------------------------------------------------------------

/// The number of requests that the second process has in flight.
const IN_FLIGHT: usize = 64;

/// The result of one run or several.
#[derive(Default)]
struct Tally {
    requests: u64,
    errors: u64,
    mixed_up: u64,
    missing: u64,
    time: Duration,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.mixed_up += other.mixed_up;
        self.missing += other.missing;
        self.time += other.time;
    }

    fn per_second(&self) -> f64 {
        self.requests as f64 / self.time.as_secs_f64()
    }
}

/// Returns the id that the second process sends for an order.
fn id_of(order: u64) -> Uuid {
    Uuid::from_u128(1 << 64 | u128::from(order))
}

/// Sends the orders from the second process, counts what is wrong, and prints the counts.
async fn client_process(address: SocketAddr, first: u64, count: u64) -> Result<(), AnyError> {
    let client = client()?;
    let started = Instant::now();
    let answers = stream::iter(first..first + count)
        .map(|order| {
            let client = &client;
            async move {
                let id = id_of(order).to_string();
                let answer = ask(client, address, order, Some(&id)).await;
                answer
                    .map(|answer| answer.id == id && answer.receipt == expected_receipt(order, &id))
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let (errors, mixed_up) = answers
        .fold(
            (0_u64, 0_u64),
            async |(errors, mixed_up), answer| match answer {
                Ok(right) => (errors, mixed_up + u64::from(!right)),
                Err(_) => (errors + 1, mixed_up),
            },
        )
        .await;
    println!("{errors} {mixed_up} {}", started.elapsed().as_micros());
    Ok(())
}

/// Lets a second process send requests, and reads the log of this one.
async fn run(address: SocketAddr, first: u64, count: u64) -> Result<Tally, AnyError> {
    let mut process = Command::new(std::env::current_exe()?);
    process.args(["--client", &address.to_string()]);
    process.args([first.to_string(), count.to_string()]);
    let output = tokio::task::spawn_blocking(move || process.output()).await??;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
    let [errors, mixed_up, micros] = numbers?[..] else {
        return Err(format!(
            "the client failed: {}",
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    };
    let log = take_log();
    let wrong_lines = log
        .iter()
        .filter(|line| line.request_id != id_of(line.order));
    Ok(Tally {
        requests: count,
        errors,
        mixed_up: mixed_up + wrong_lines.count() as u64,
        missing: (count * LINES_PER_REQUEST as u64).abs_diff(log.len() as u64),
        time: Duration::from_micros(micros),
    })
}

/// Runs `count` requests with the layer and as many without, in slices that take turns.
async fn load(count: u64) -> Result<bool, AnyError> {
    const SLICES: u64 = 4;
    let (with_layer, without) = (serve(service()).await?, serve(routes()).await?);
    run(with_layer, 0, 200).await?;
    run(without, 0, 200).await?;
    let (mut with, mut bare) = (Tally::default(), Tally::default());
    for slice in 0..SLICES {
        let first = count * slice / SLICES;
        let size = count * (slice + 1) / SLICES - first;
        with.add(run(with_layer, first, size).await?);
        bare.add(run(without, first, size).await?);
    }
    println!(
        "with the layer: {} requests, errors {}, mixed up {}, missing lines {}, {:.0} requests/s",
        with.requests,
        with.errors,
        with.mixed_up,
        with.missing,
        with.per_second()
    );
    // Without the layer there is no id, so the check must find every answer and every line wrong.
    let all = bare.requests * (1 + LINES_PER_REQUEST as u64);
    println!(
        "without it:     {} requests, errors {}, without an id {} of {all}, {:.0} requests/s",
        bare.requests,
        bare.errors,
        bare.mixed_up,
        bare.per_second()
    );
    println!(
        "errors {}, mixed up {}",
        with.errors + bare.errors,
        with.mixed_up
    );
    let right = with.errors + with.mixed_up + with.missing + bare.errors + bare.missing == 0;
    Ok(right && bare.mixed_up == all)
}

#[tokio::main]
async fn main() -> Result<ExitCode, AnyError> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let right = match arguments[..] {
        [] => visit().await?,
        ["--load", count] => load(count.parse()?).await?,
        ["--client", address, first, count] => {
            client_process(address.parse()?, first.parse()?, count.parse()?).await?;
            true
        }
        _ => return Err("usage: request_id [--load <requests>]".into()),
    };
    Ok(match right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
