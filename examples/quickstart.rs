//! A TCP server under load, and a client that checks that it never mixes two requests up.
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! 50 connections send 20 requests each for five users, all at the same time. A request awaits,
//! calls three functions deep, and spawns a task, a blocking closure and a thread. Every log line
//! and every reply says for which user and which request it was made. No function passes the two on,
//! because they are context variables.
//!
//! So that this can be checked, each request also carries an order number, which *is* passed on,
//! by hand, through every call.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use context_vars::{context_var, inherit_context, with_context};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinSet};
use tokio::time::sleep;

context_var! {
    /// On whose behalf the current request runs.
    static USER: String = "anonymous".to_owned();
    /// Set by `handle` for every request; has no default.
    static REQUEST_ID: u64;
}

// ---- The work of a request ------------------------------------------------------------------

/// Handles one request. All that it calls and spawns sees the two values that are set here.
#[with_context(user = user, request_id = request_id)]
async fn handle(user: String, request_id: u64, order: u64) -> String {
    log(order, "accepts the order");
    check_stock(order).await;
    delegate(order).await;
    log(order, "answers");
    reply(order, &USER.get(), REQUEST_ID.get())
}

async fn check_stock(order: u64) {
    log(order, "  checks the stock");
    sleep(A_MOMENT).await;
    ask_warehouse(order).await;
}

async fn ask_warehouse(order: u64) {
    log(order, "    asks the warehouse");
    sleep(A_MOMENT).await;
    read_shelf(order).await;
}

async fn read_shelf(order: u64) {
    log(order, "      reads the shelf");
    sleep(A_MOMENT).await;
}

/// Does the rest in a task, a blocking closure and a thread, each in a copy of this request's context.
#[inherit_context]
async fn delegate(order: u64) {
    let mail = tokio::spawn(async move {
        sleep(A_MOMENT).await;
        log(order, "  a task sends a mail");
    });
    let invoice = task::spawn_blocking(move || {
        log(order, "  a blocking closure prints the invoice");
    });
    let (done, parcel) = oneshot::channel();
    thread::spawn(move || {
        log(order, "  a thread packs the parcel");
        done.send(())
    });
    let _ = tokio::join!(mail, invoice, parcel);
}

/// The number of lines that `handle` and its callees write to the log.
const LINES_PER_REQUEST: usize = 8;

/// The time of a wait for a disk or a database.
const A_MOMENT: Duration = Duration::from_millis(2);

// ---- The log --------------------------------------------------------------------------------

struct Line {
    user: String,
    request_id: u64,
    order: u64,
    text: &'static str,
}

static LOG: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// Writes a line, with the user and the request from the context and not from the caller.
fn log(order: u64, text: &'static str) {
    let user = USER.get();
    let request_id = REQUEST_ID.get_or(0);
    LOG.lock().unwrap().push(Line {
        user,
        request_id,
        order,
        text,
    });
}

// ---- The server -----------------------------------------------------------------------------

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream));
    }
}

/// Reads requests, one to a line, and answers each as soon as it is done, in whatever order.
async fn converse(stream: TcpStream) -> io::Result<()> {
    let (input, mut output) = stream.into_split();
    let (outbox, mut replies) = mpsc::unbounded_channel::<String>();
    let writer = tokio::spawn(async move {
        while let Some(reply) = replies.recv().await {
            output.write_all(reply.as_bytes()).await?;
        }
        io::Result::Ok(())
    });
    let mut requests = BufReader::new(input).lines();
    while let Some(request) = requests.next_line().await? {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.send(answer(&request).await + "\n") });
    }
    drop(outbox);
    writer.await?
}

async fn answer(request: &str) -> String {
    match parse(request) {
        Some((user, request_id, order)) => handle(user.to_owned(), request_id, order).await,
        None => format!("this is not `<user> <request id> <order>`: {request}"),
    }
}

fn parse(request: &str) -> Option<(&str, u64, u64)> {
    let mut words = request.split(' ');
    let user = words.next()?;
    let request_id = words.next()?.parse().ok()?;
    let order = words.next()?.parse().ok()?;
    Some((user, request_id, order))
}

fn reply(order: u64, user: &str, request_id: u64) -> String {
    format!("order {order}: done for {user} in request {request_id}")
}

// ---- The client -----------------------------------------------------------------------------

const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const CONNECTIONS: u64 = 50;
const REQUESTS_PER_CONNECTION: u64 = 20;
const REQUESTS: u64 = CONNECTIONS * REQUESTS_PER_CONNECTION;

fn connection_of(order: u64) -> u64 {
    order / REQUESTS_PER_CONNECTION
}

/// Neighbours on a connection have different users, and so have neighbouring connections.
fn user_of(order: u64) -> &'static str {
    let user = connection_of(order) + order;
    USERS[(user % 5) as usize]
}

fn request_id_of(order: u64) -> u64 {
    5000 + order
}

/// Sends the requests of one connection without waiting in between, and collects the replies.
async fn visit(address: SocketAddr, connection: u64) -> io::Result<Vec<String>> {
    let stream = TcpStream::connect(address).await?;
    let (input, mut output) = stream.into_split();
    let requests: String = (0..REQUESTS)
        .filter(|&order| connection_of(order) == connection)
        .map(|order| format!("{} {} {order}\n", user_of(order), request_id_of(order)))
        .collect();
    output.write_all(requests.as_bytes()).await?;
    output.shutdown().await?;

    let mut replies = Vec::new();
    let mut lines = BufReader::new(input).lines();
    while let Some(reply) = lines.next_line().await? {
        replies.push(reply);
    }
    Ok(replies)
}

// ---- The check ------------------------------------------------------------------------------

/// Returns the number of replies without a request and of requests without a reply.
fn wrong_replies(replies: &[String]) -> usize {
    let mut expected: HashSet<String> = (0..REQUESTS)
        .map(|order| reply(order, user_of(order), request_id_of(order)))
        .collect();
    let unexpected = replies.iter().filter(|reply| !expected.remove(*reply));
    unexpected.count() + expected.len()
}

/// Returns the number of lines that name another user or request than that of their order.
fn wrong_lines(lines: &[Line]) -> usize {
    let right = |line: &Line| {
        line.user == user_of(line.order) && line.request_id == request_id_of(line.order)
    };
    lines.iter().filter(|line| !right(line)).count()
}

/// Returns whether every request has written all its lines.
fn is_complete(lines: &[Line]) -> bool {
    let mut of_order = [0; REQUESTS as usize];
    for line in lines {
        of_order[line.order as usize] += 1;
    }
    of_order.iter().all(|&lines| lines == LINES_PER_REQUEST)
}

/// Returns the number of lines that follow a line of another request.
fn interleaved(lines: &[Line]) -> usize {
    let pairs = lines.windows(2);
    pairs.filter(|pair| pair[0].order != pair[1].order).count()
}

/// Returns the number of requests that ran at the same time on the connection that had the fewest.
fn least_in_flight(lines: &[Line]) -> u64 {
    let mut seen = [0; REQUESTS as usize];
    let mut now = [0; CONNECTIONS as usize];
    let mut most = [0; CONNECTIONS as usize];
    for line in lines {
        let connection = connection_of(line.order) as usize;
        let seen = &mut seen[line.order as usize];
        *seen += 1;
        match *seen {
            1 => now[connection] += 1,
            LINES_PER_REQUEST => now[connection] -= 1,
            _ => {}
        }
        most[connection] = most[connection].max(now[connection]);
    }
    most.into_iter().min().unwrap_or(0)
}

fn print_sample(lines: &[Line]) {
    println!("from the middle of the log:\n");
    println!("  user   request  order  what it does");
    for line in lines.iter().skip(lines.len() / 2).take(24) {
        let Line {
            user,
            request_id,
            order,
            text,
        } = line;
        println!("  {user:<9} {request_id:>4}  {order:>5}  {text}");
    }
}

/// Prints the counts. Returns whether nothing is wrong.
fn report(replies: &[String], lines: &[Line]) -> bool {
    let mixed_up = wrong_replies(replies) + wrong_lines(lines);
    let (interleaved, in_flight) = (interleaved(lines), least_in_flight(lines));
    let (requests, lines, complete) = (replies.len(), lines.len(), is_complete(lines));
    println!("\n{interleaved} lines follow one of another request");
    println!("at least {in_flight} requests were in flight on each connection");
    if !complete {
        println!("some lines are missing from the log");
    }
    println!("{requests} requests, {lines} log lines, {mixed_up} mixed up");
    mixed_up == 0 && complete && in_flight >= 5 && 2 * interleaved >= lines
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener));

    let mut visits = JoinSet::new();
    for connection in 0..CONNECTIONS {
        visits.spawn(visit(address, connection));
    }
    let mut replies = Vec::new();
    while let Some(visit) = visits.join_next().await {
        replies.extend(visit??);
    }

    let lines = LOG.lock().unwrap();
    print_sample(&lines);
    Ok(match report(&replies, &lines) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
