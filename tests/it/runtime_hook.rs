//! A runtime whose plain `tokio::spawn` inherits; built with `--cfg tokio_unstable` alone.

#![cfg(tokio_unstable)]

use context_vars::context_var;
use context_vars::task::InheritingBuilder;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::support::{USER, until};

mod inherits;
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

/// The builder of a runtime with as many workers, or, without any, on the thread that blocks on it.
fn builder(workers: usize) -> Builder {
    let mut builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(workers.max(1)).enable_all();
    builder
}

/// A runtime that inherits, with the callbacks that `configure` adds.
fn inheriting(
    workers: usize,
    configure: impl FnOnce(InheritingBuilder<'_>) -> InheritingBuilder<'_>,
) -> Runtime {
    let mut builder = builder(workers);
    let configured = configure(InheritingBuilder::new(&mut builder));
    configured.build().unwrap()
}

fn two_workers() -> Runtime {
    inheriting(2, |builder| builder)
}

fn one_thread() -> Runtime {
    inheriting(0, |builder| builder)
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
