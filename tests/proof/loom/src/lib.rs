//! The concurrent parts of `context-vars` under loom: reference counts and variable ids.
//!
//! The files are those of the crate itself, compiled against `sync` instead of std. Loom runs
//! each test in every order that the threads' steps can take, and with every value that the
//! memory model lets a load see. So that a green run means something, copies of `refcount.rs` in
//! which one ordering is weakened must fail; `build.rs` writes them.

#![cfg(test)]

#[path = "../../../../context-vars/src/raw/refcount.rs"]
#[allow(dead_code)]
mod refcount;
#[path = "../../../../context-vars/src/raw/var_id.rs"]
#[allow(dead_code)]
mod var_id;
mod sync;

mod refcounts;
mod var_ids;

/// Runs `model` in every order, and says how many those are.
fn explore(what: &str, model: fn()) {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let orders = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = orders.clone();
    loom::model(move || {
        counted.fetch_add(1, Relaxed);
        model();
    });
    println!("loom: {} orders: {what}", orders.load(Relaxed));
}
