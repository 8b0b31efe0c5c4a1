//! A server on a separate runtime.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing;
use context_vars::Context;
use context_vars::web::ContextLayer;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::handlers::{Order, REQUEST_ID, USER, handle};
use crate::tally::Tally;

pub struct Server {
    address: SocketAddr,
    runtime: RefCell<Option<Runtime>>,
}

impl Server {
    pub fn start(tally: &Arc<Tally>) -> Self {
        let runtime = runtime(tally);
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let service = router(tally);
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self {
            address,
            runtime: RefCell::new(Some(runtime)),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Drops all tasks, whatever they are doing, and waits for the threads.
    pub fn shut_down(&self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

/// Looks at each worker whenever it goes to sleep or wakes: no task is polled then.
fn runtime(tally: &Arc<Tally>) -> Runtime {
    let look = |tally: &Arc<Tally>| {
        let tally = tally.clone();
        move || tally.look(Context::current().is_empty())
    };
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .on_thread_park(look(tally))
        .on_thread_unpark(look(tally))
        .on_thread_stop(look(tally))
        .build()
        .expect("a runtime")
}

fn router(tally: &Arc<Tally>) -> Router {
    let layer = ContextLayer::new()
        .detached()
        .request_id(&REQUEST_ID, || u64::MAX)
        .set(&USER, |parts| {
            let user = parts.headers.get("x-user")?;
            user.to_str().ok().map(str::to_owned)
        });
    let work = routing::get(
        |State(tally): State<Arc<Tally>>, Path(request): Path<u64>| {
            handle(Order { request, tally })
        },
    );
    Router::new()
        .route("/{request}", work)
        .layer(layer)
        .with_state(tally.clone())
}
