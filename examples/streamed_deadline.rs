//! Run `cargo run --example streamed_deadline` and see a response end with an error at its deadline.
//!
//! A web service of axum streams a report from a task that writes rows for ten seconds. The handler
//! is over at once, so a timeout around the handler would change nothing. Three clients ask:
//!
//! * The first asks a service whose task has its own timeout. The response ends where the task
//!   was stopped, without an error, so the client takes a part for the whole.
//! * The second asks a service whose layer has a deadline. The response ends with an error, and the
//!   task behind it stops.
//! * The third asks the same service, and hangs up after the first rows. The task stops, too.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use context_vars::web::ContextLayer;
use context_vars::{deadline, task};
use futures::stream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

type AnyError = Box<dyn Error + Send + Sync>;

const ROWS: usize = 500;
const DEADLINE: Duration = Duration::from_millis(300);

// ---- The service ----------------------------------------------------------------------------

/// Takes ten seconds unless it is stopped.
async fn write_rows(rows: mpsc::Sender<String>) {
    for row in 0..ROWS {
        sleep(Duration::from_millis(20)).await;
        if rows.send(format!("row {row}\n")).await.is_err() {
            break;
        }
    }
}

/// Returns a response with the rows that a task sends. It ends when the task has ended in any way.
fn response(receiver: mpsc::Receiver<String>) -> Body {
    Body::from_stream(stream::unfold(receiver, async |mut receiver| {
        let row = receiver.recv().await?;
        Some((Ok::<_, Infallible>(row), receiver))
    }))
}

/// Limits the task alone.
async fn limited_task() -> Body {
    let (sender, receiver) = mpsc::channel(4);
    task::spawn(deadline::timeout(DEADLINE, write_rows(sender)));
    response(receiver)
}

/// Leaves the limit to the layer, and reports whether the task was stopped.
async fn limited_request(ended: mpsc::UnboundedSender<String>) -> Body {
    let (sender, receiver) = mpsc::channel(4);
    task::spawn(async move {
        let work = deadline::cancel_with_request(write_rows(sender));
        let _ = ended.send(match work.await {
            Ok(()) => "wrote all rows".to_owned(),
            Err(cancelled) => format!("stopped: {cancelled}"),
        });
    });
    response(receiver)
}

async fn serve(router: Router) -> Result<SocketAddr, AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

// ---- The clients ----------------------------------------------------------------------------

/// Reads a report, up to so many rows, and returns how many there were and the error, if any.
async fn read(address: SocketAddr, most: usize) -> Result<(usize, Option<AnyError>), AnyError> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut response = client.get(format!("http://{address}/")).send().await?;
    print!("  client: {}, ", response.status());
    let mut rows = 0;
    while rows < most {
        match response.chunk().await {
            Ok(Some(chunk)) => rows += chunk.iter().filter(|byte| **byte == b'\n').count(),
            Ok(None) => return Ok((rows, None)),
            Err(error) => return Ok((rows, Some(error.into()))),
        }
    }
    Ok((rows, None)) // drops the response
}

/// Returns whether the first client saw no error, although it did not get all rows.
async fn part_is_taken_for_the_whole() -> Result<bool, AnyError> {
    println!("a task with a timeout:");
    let address = serve(Router::new().route("/", get(limited_task))).await?;
    let (rows, error) = read(address, ROWS).await?;
    println!("{rows} of {ROWS} rows and no error");
    Ok(rows < ROWS && error.is_none())
}

/// Returns whether the second client saw an error, the third hung up, and the work of both stopped.
async fn layer_ends_the_response_and_the_work() -> Result<[bool; 2], AnyError> {
    let (sender, mut ended) = mpsc::unbounded_channel();
    let router = Router::new().route("/", get(move || limited_request(sender)));
    let address = serve(router.layer(ContextLayer::new().deadline(DEADLINE))).await?;
    let mut end = async || timeout(Duration::from_secs(10), ended.recv()).await;

    println!("a layer with a deadline:");
    let (rows, error) = read(address, ROWS).await?;
    let is_error = error.is_some();
    println!(
        "{rows} of {ROWS} rows and {}",
        error.map_or("no error".into(), |e| e.to_string())
    );
    let task = end().await?.unwrap_or_default();
    println!("  task: {task}");
    let in_time = is_error && task.ends_with("ran out of time");

    println!("a layer with a deadline, and a client that hangs up:");
    let (rows, _) = read(address, 3).await?;
    println!("hung up after {rows} rows");
    let task = end().await?.unwrap_or_default();
    println!("  task: {task}");
    Ok([in_time, task.ends_with("was dropped")])
}

#[tokio::main]
async fn main() -> Result<ExitCode, AnyError> {
    let first = part_is_taken_for_the_whole().await?;
    let [second, third] = layer_ends_the_response_and_the_work().await?;
    let right = [first, second, third];
    let wrong = right.iter().filter(|right| !**right).count();
    println!("3 clients, {wrong} wrong");
    Ok(ExitCode::from(u8::from(wrong > 0)))
}
