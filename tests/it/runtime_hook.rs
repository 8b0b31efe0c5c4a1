//! A runtime whose plain `tokio::spawn` inherits; built with `--cfg tokio_unstable` alone.

#![cfg(tokio_unstable)]

use std::sync::mpsc;
use std::task::{Poll, Waker};

use context_vars::context_var;
use context_vars::task::InheritingBuilder;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::support::{USER, until};

mod inherits;
mod left_out;
mod callbacks;
mod ends;
mod threads;
mod nested;
mod storm;

context_var! {
    static COUNT: u32 = 0;
    #[no_inherit]
    static TRANSACTION: u32;
}

fn two_workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    InheritingBuilder::new(&mut builder).build().unwrap()
}

fn one_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    InheritingBuilder::new(builder.enable_all())
        .build()
        .unwrap()
}

fn both_kinds() -> [Runtime; 2] {
    [two_workers(), one_thread()]
}

async fn user() -> &'static str {
    yield_now().await;
    USER.get()
}

/// Blocks until a worker has taken up what was woken from outside of the runtime.
fn taken_up(runtime: &Runtime) {
    until(|| runtime.metrics().global_queue_depth() == 0);
}

/// Is pending until another thread wakes it, often while the poll is not over yet.
async fn woken_elsewhere(alarm: &mpsc::Sender<Waker>) {
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if asked {
            return Poll::Ready(());
        }
        asked = true;
        alarm.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}
