//! The handling of a request, and the ways in which it fails.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use context_vars::{context_var, inherit_context, prelude::*, task, with_context};
use futures::future::BoxFuture;
use futures::stream::{self, Stream, StreamExt};
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};

use crate::tally::{ON_PURPOSE, Tally, Tracked};

context_var! {
    pub static REQUEST_ID: u64;
    pub static USER: String = "nobody".to_owned();
    static TRACKED: Tracked;
    static STEP: u32 = 0;
    static BOMB: Bomb;
    #[no_inherit]
    static TRANSACTION: Tracked;
}

/// A value whose `Drop` panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", ON_PURPOSE);
    }
}

/// The fate of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Spawning,
    Streaming,
    PanicInHandler,
    PanicInTask,
    PanicInDrop,
    PanicInBody,
    AbortedTask,
    Timeout,
    ClientVanishes,
    ClientVanishesInBody,
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::Plain,
        Self::Spawning,
        Self::Streaming,
        Self::PanicInHandler,
        Self::PanicInTask,
        Self::PanicInDrop,
        Self::PanicInBody,
        Self::AbortedTask,
        Self::Timeout,
        Self::ClientVanishes,
        Self::ClientVanishesInBody,
    ];

    pub fn of(request: u64) -> Self {
        Self::ALL[(request % Self::ALL.len() as u64) as usize]
    }
}

pub fn user_of(request: u64) -> String {
    format!("user-{}", request % 1009)
}

/// The properties of a request, passed on by hand.
#[derive(Clone)]
pub struct Order {
    pub request: u64,
    pub tally: Arc<Tally>,
}

impl Order {
    /// Compares the values of the context with those that were passed by hand.
    #[track_caller]
    fn check(&self) {
        let user = USER.with(|user| *user == user_of(self.request));
        let tracked = TRACKED.try_with(|tracked| tracked.request == self.request);
        let right = REQUEST_ID.try_get() == Ok(self.request) && user && tracked.unwrap_or(true);
        self.tally.reading(right);
    }

    /// Checks that spawned work has ended, unless the server is being shut down.
    #[track_caller]
    fn joined<T>(&self, result: Result<T, JoinError>) {
        let cancelled = result.as_ref().is_err_and(JoinError::is_cancelled);
        self.tally.reading(cancelled || result.is_ok());
    }

    fn panic_on_purpose(&self) -> ! {
        self.check();
        panic!("{}", ON_PURPOSE)
    }
}

pub async fn handle(order: Order) -> Body {
    order.check();
    let tracked = order.tally.track(order.request);
    in_transaction(order, tracked).await
}

#[with_context(
    tracked = tracked,
    transaction = order.tally.track(order.request),
)]
async fn in_transaction(order: Order, tracked: Tracked) -> Body {
    order.check();
    tokio::task::yield_now().await;
    order.check();
    match Kind::of(order.request) {
        Kind::Plain => plain(&order).await,
        Kind::Spawning => spawn_all(order).await,
        Kind::Streaming | Kind::ClientVanishesInBody => stream(order, 3, false),
        Kind::PanicInBody => stream(order, 3, true),
        Kind::PanicInHandler => order.panic_on_purpose(),
        Kind::PanicInTask => panic_in_task(order).await,
        Kind::PanicInDrop => panic_in_drop(&order),
        Kind::AbortedTask => abort_tasks(order).await,
        Kind::Timeout => run_out_of_time(order).await,
        Kind::ClientVanishes => wait_for_ever(order).await,
    }
}

fn done() -> Body {
    Body::from("done\n")
}

/// Sets, which stays with the request, and a scope, whose values do not.
async fn plain(order: &Order) -> Body {
    for step in 1..5 {
        let token = STEP.set(step);
        tokio::task::yield_now().await;
        order.tally.reading(STEP.get() == step);
        STEP.scope(100, async {
            order.check();
            tokio::task::yield_now().await;
            order.tally.reading(STEP.get() == 100);
        })
        .await;
        order.tally.reading(token.reset().is_ok());
        order.check();
    }
    done()
}

#[inherit_context]
async fn spawn_all(order: Order) -> Body {
    let (first, second, third) = (order.clone(), order.clone(), order.clone());
    let tasks = [
        tokio::spawn(async move {
            first.check();
            tokio::task::yield_now().await;
            STEP.set(7);
            first.check();
        }),
        tokio::spawn(nested(second, 3)),
        tokio::task::spawn_blocking(move || {
            third.check();
            std::thread::sleep(Duration::from_micros(50));
            third.tally.reading(!TRANSACTION.is_set());
        }),
    ];
    for task in tasks {
        order.joined(task.await);
    }
    let thread = order.clone();
    let thread = std::thread::spawn(move || thread.check());
    order
        .tally
        .reading(thread.join().is_ok() && STEP.get() == 0);
    done()
}

/// Tasks of tasks.
fn nested(order: Order, depth: u32) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        order.check();
        if depth > 0 {
            let inner = task::spawn(nested(order.clone(), depth - 1));
            order.joined(inner.await);
        }
        order.check();
    })
}

async fn panic_in_task(order: Order) -> Body {
    let inner = order.clone();
    let panics = task::spawn(async move {
        let _tracked = TRACKED.set(inner.tally.track(inner.request));
        tokio::task::yield_now().await;
        inner.panic_on_purpose();
    });
    order.tally.reading(panics.await.is_err());
    order.check();
    done()
}

fn panic_in_drop(order: &Order) -> Body {
    BOMB.sync_scope(Bomb, || order.check());
    done()
}

async fn abort_tasks(order: Order) -> Body {
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let order = order.clone();
            task::spawn(async move {
                TRACKED.set(order.tally.track(order.request));
                for _ in 0..n {
                    tokio::task::yield_now().await;
                    order.check();
                }
                std::future::pending::<()>().await;
            })
        })
        .collect();
    tokio::task::yield_now().await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    for task in tasks {
        order.tally.reading(task.await.is_err());
    }
    order.check();
    done()
}

async fn run_out_of_time(order: Order) -> Body {
    let slow = STEP.scope(9, async {
        let _tracked = TRACKED.set(order.tally.track(order.request));
        loop {
            order.check();
            sleep(Duration::from_micros(300)).await;
        }
    });
    let outcome = timeout(Duration::from_millis(2), slow).await;
    order.tally.reading(outcome.is_err() && STEP.get() == 0);
    order.check();
    done()
}

/// The client goes away before there is an answer.
async fn wait_for_ever(order: Order) -> Body {
    let background = order.clone();
    // Goes on for a while when the request is gone, with what it inherited.
    task::spawn(async move {
        for _ in 0..5 {
            sleep(Duration::from_micros(500)).await;
            background.check();
        }
    });
    loop {
        sleep(Duration::from_millis(1)).await;
        order.check();
    }
}

/// A body of frames; the last of an endless one is never sent.
fn stream(order: Order, frames: u32, panics: bool) -> Body {
    let endless = Kind::of(order.request) == Kind::ClientVanishesInBody;
    Body::from_stream(frames_of(order, frames, panics, endless).inherit_context())
}

fn frames_of(
    order: Order,
    frames: u32,
    panics: bool,
    endless: bool,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let numbers = stream::iter(0..).take_while(move |&n| std::future::ready(endless || n < frames));
    numbers.then(move |n| {
        let order = order.clone();
        async move {
            order.check();
            sleep(Duration::from_micros(200)).await;
            if panics && n + 1 == frames {
                order.panic_on_purpose();
            }
            order.check();
            Ok(Bytes::from(format!(
                "{} {}\n",
                REQUEST_ID.get(),
                USER.get()
            )))
        }
    })
}
