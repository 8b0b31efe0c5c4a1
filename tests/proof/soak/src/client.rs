//! Clients: many at once, of whom some go away before they have their answer.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::handlers::{Kind, user_of};
use crate::tally::Tally;

/// The number of requests at once.
const CLIENTS: usize = 48;
/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The state that all clients of a round share.
struct Round {
    tally: Arc<Tally>,
    server: SocketAddr,
    next: AtomicU64,
    end: u64,
    is_down: AtomicBool,
}

/// Sends the requests; when the last have been sent, calls `shut_down` without waiting for them.
pub fn send(
    tally: &Arc<Tally>,
    server: SocketAddr,
    requests: Range<u64>,
    shut_down: impl FnOnce(),
) {
    let round = Arc::new(Round {
        tally: tally.clone(),
        server,
        next: AtomicU64::new(requests.start),
        end: requests.end,
        is_down: AtomicBool::new(false),
    });
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let clients = runtime.block_on(async {
        let mut clients = JoinSet::new();
        (0..CLIENTS).for_each(|_| drop(clients.spawn(client(round.clone()))));
        while round.next.load(Relaxed) < round.end {
            sleep(Duration::from_micros(200)).await;
        }
        clients
    });
    round.is_down.store(true, Relaxed);
    shut_down();
    runtime.block_on(clients.join_all());
}

type Connection = SendRequest<Empty<Bytes>>;

async fn connect(server: SocketAddr) -> Option<Connection> {
    let stream = TcpStream::connect(server).await.ok()?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

async fn client(round: Arc<Round>) {
    let mut connection = None;
    loop {
        let request = round.next.fetch_add(1, Relaxed);
        if request >= round.end {
            return;
        }
        round.tally.send();
        let ready = match connection.take() {
            Some(connection) => Some(connection),
            None => connect(round.server).await,
        };
        connection = match ready {
            Some(ready) => round.ask(ready, request).await,
            None => round.failed(request, "no connection"),
        };
    }
}

impl Round {
    /// Sends a request; hands the connection back if it is still good.
    async fn ask(&self, mut connection: Connection, request: u64) -> Option<Connection> {
        let asked = Request::get(format!("/{request}"))
            .header("host", "localhost")
            .header("x-request-id", request)
            .header("x-user", user_of(request))
            .body(Empty::new())
            .expect("a request");
        if connection.ready().await.is_err() {
            return self.failed(request, "the connection is closed");
        }
        let kind = Kind::of(request);
        let answer = connection.send_request(asked);
        if kind == Kind::ClientVanishes {
            let never = timeout(Duration::from_millis(2), answer).await;
            return match never {
                Err(_) => self.vanished(kind),
                Ok(_) => self.failed(request, "an answer to a client that should wait"),
            };
        }
        let Ok(answer) = timeout(PATIENCE, answer).await else {
            return self.failed(request, "no answer");
        };
        let Ok(answer) = answer else {
            return self.broke(kind, request);
        };
        let mut body = answer.into_body();
        if kind == Kind::ClientVanishesInBody {
            let _first = timeout(PATIENCE, body.frame()).await;
            return self.vanished(kind);
        }
        match timeout(PATIENCE, body.collect()).await {
            Err(_) => self.failed(request, "no end of the answer"),
            Ok(Err(_)) => self.broke(kind, request),
            Ok(Ok(body)) => {
                self.tally
                    .reading(is_right(kind, request, &body.to_bytes()));
                self.tally.answer(kind);
                Some(connection)
            }
        }
    }

    /// The client goes, and its connection with it.
    fn vanished(&self, kind: Kind) -> Option<Connection> {
        self.tally.answer(kind);
        None
    }

    /// The server broke the connection off, as it does when a handler panics.
    fn broke(&self, kind: Kind, request: u64) -> Option<Connection> {
        match kind {
            Kind::PanicInHandler | Kind::PanicInDrop | Kind::PanicInBody => {
                self.tally.answer(kind);
                None
            }
            _ => self.failed(request, "the connection broke"),
        }
    }

    fn failed(&self, request: u64, why: &str) -> Option<Connection> {
        if self.is_down.load(Relaxed) {
            self.tally.cut();
        } else {
            self.tally.reading(false);
            eprintln!("soak: request {request}: {why}");
        }
        None
    }
}

fn is_right(kind: Kind, request: u64, body: &[u8]) -> bool {
    let line = format!("{request} {}\n", user_of(request));
    match kind {
        Kind::Streaming => body == line.repeat(3).as_bytes(),
        _ => body == b"done\n",
    }
}
