//! The server: an application that says everywhere what its context is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing;
use context_vars::task;
use context_vars::web::ContextLayer;
use http::HeaderMap;
use tokio::sync::{Barrier, Semaphore};

use super::{REQUEST_ID, USER};
use crate::support::{OnDrop, chunks, soon};

/// One line of the log: its request, and the values that the context had.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) order: u64,
    pub(super) event: &'static str,
    id: Option<u64>,
    user: String,
}

impl Line {
    pub(super) fn is_right(&self) -> bool {
        self.id == Some(self.order) && self.user == user_of(self.order)
    }
}

pub(super) fn user_of(order: u64) -> String {
    format!("user-{}", order % 7)
}

/// The state that the handlers share. It is an argument, so that a line is written also without a context.
#[derive(Clone)]
pub(super) struct App {
    lines: Arc<Mutex<Vec<Line>>>,
    /// Holds the handlers back until this many are in the middle of their work.
    together: Arc<Barrier>,
    pub(super) begun: Arc<Semaphore>,
}

impl App {
    pub(super) fn new(together: usize) -> Self {
        Self {
            lines: Arc::default(),
            together: Arc::new(Barrier::new(together)),
            begun: Arc::new(Semaphore::new(0)),
        }
    }

    fn line(&self, order: u64, event: &'static str) {
        let line = Line {
            order,
            event,
            id: REQUEST_ID.try_get().ok(),
            user: USER.get(),
        };
        self.lines.lock().unwrap().push(line);
    }

    fn on_drop(&self, order: u64) -> impl Drop + Send + 'static + use<> {
        let app = self.clone();
        OnDrop(move || app.line(order, "dropped"))
    }

    /// Waits until the log has as many lines as it must, since a body goes after its last frame
    /// is with the client; gives up when none has come for long.
    pub(super) async fn lines(&self, expected: usize, event: Option<&str>) -> Vec<Line> {
        let count = |lines: &[Line]| {
            let wanted = |line: &&Line| event.is_none_or(|event| line.event == event);
            lines.iter().filter(wanted).count()
        };
        let (mut before, mut quiet) = (0, 0);
        while quiet < 200 {
            let now = count(&self.lines.lock().unwrap());
            if now >= expected {
                break;
            }
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

/// Sets the user in the request's own context, as an application's middleware does.
async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    tokio::task::yield_now().await;
    let user = request.headers()["authorization"].to_str().unwrap();
    USER.set(user.to_owned());
    app.line(order_of(request.headers()), "authenticated");
    next.run(request).await
}

pub(super) fn order_of(headers: &HeaderMap) -> u64 {
    headers["x-order"].to_str().unwrap().parse().unwrap()
}

pub(super) const CHUNKS: [&str; 3] = ["chunk 0", "chunk 1", "chunk 2"];

/// Every event of a whole report, each once.
pub(super) const EVENTS: [&str; 9] = [
    "authenticated",
    "begun",
    "blocking",
    CHUNKS[0],
    CHUNKS[1],
    CHUNKS[2],
    "dropped",
    "ended",
    "task",
];

/// Says what the context is, from every place where work can be.
async fn report(State(app): State<App>, headers: HeaderMap) -> AxumBody {
    let order = order_of(&headers);
    app.line(order, "begun");
    soon(app.together.wait()).await;
    let (in_task, in_closure) = (app.clone(), app.clone());
    let task = task::spawn(async move {
        tokio::task::yield_now().await;
        in_task.line(order, "task");
    });
    let closure = task::spawn_blocking(move || in_closure.line(order, "blocking"));
    task.await.unwrap();
    closure.await.unwrap();
    let guard = app.on_drop(order);
    app.line(order, "ended");
    AxumBody::new(chunks(CHUNKS.len(), move |n| {
        let _ = &guard;
        app.line(order, CHUNKS[n]);
        format!("{n} {} {}\n", REQUEST_ID.get_or(0), USER.get())
    }))
}

/// A body without an end.
async fn endless(State(app): State<App>, headers: HeaderMap) -> AxumBody {
    let order = order_of(&headers);
    let guard = app.on_drop(order);
    AxumBody::from_stream(futures::stream::unfold(0, move |n| {
        let _ = &guard;
        let app = app.clone();
        async move {
            if n > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if let Some(event) = CHUNKS.get(n) {
                app.line(order, event);
            }
            Some((Ok::<_, std::io::Error>(vec![b'x'; 1024]), n + 1))
        }
    }))
}

/// A handler that never answers.
async fn never(State(app): State<App>, headers: HeaderMap) -> AxumBody {
    let _guard = app.on_drop(order_of(&headers));
    app.begun.add_permits(1);
    std::future::pending().await
}

pub(super) fn routes(app: &App) -> Router {
    Router::new()
        .route("/report", routing::get(report))
        .route("/endless", routing::get(endless))
        .route("/never", routing::get(never))
        .with_state(app.clone())
        .layer(middleware::from_fn_with_state(app.clone(), authenticate))
}

pub(super) fn with_contexts(app: &App) -> Router {
    let layer = ContextLayer::new().detached().request_id(&REQUEST_ID, || 0);
    routes(app).layer(layer)
}
