//! Every raw spawn, one a line, and what the fragment says to write instead.

#![allow(clippy::let_underscore_future)] // nothing here is to run

use context_vars::prelude::*;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

pub fn raw(set: &mut JoinSet<()>, tracker: &TaskTracker, handle: &tokio::runtime::Handle) {
    let _ = std::thread::spawn(|| ());
    let _ = std::thread::Builder::new().spawn(|| ());
    std::thread::scope(|scope| drop(scope.spawn(|| ())));
    let _ = tokio::spawn(async {});
    let _ = tokio::task::spawn_blocking(|| ());
    let _ = tokio::task::spawn_local(async {});
    set.spawn(async {});
    set.spawn_blocking(|| ());
    let _ = handle.spawn(async {});
    let _ = handle.spawn_blocking(|| ());
    let _ = tracker.spawn(async {});
    rayon::spawn(|| ());
    rayon::join(|| (), || ());
    smol::spawn(async {}).detach();
}

pub fn inheriting(set: &mut JoinSet<()>, tracker: &TaskTracker) {
    let _ = context_vars::thread::spawn(|| ());
    let _ = context_vars::task::spawn(async {});
    let _ = context_vars::task::spawn_blocking(|| ());
    let _ = context_vars::task::spawn_local(async {});
    set.spawn_inherited(async {});
    set.spawn_blocking_inherited(|| ());
    let _ = tracker.spawn_inherited(async {});
}

/// The attribute's expansion says that it replaces the raw call.
#[inherit_context]
pub fn rewritten() {
    let _ = std::thread::spawn(|| ());
    let _ = tokio::spawn(async {});
}
