//! Thousands of pieces of work, each with its own context, on pools that move them between
//! threads: none reads another's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use context_vars::context_var;

use crate::support::woken_elsewhere;

mod on_executors;
mod on_rayon;

context_var! {
    static USER: String = "anonymous".to_owned();
    static PIECE: u32;
    static STEP: u32 = 0;
}

/// The number of pieces of work in each test.
const PIECES: u32 = 5_000;

/// The findings of the pieces of one test.
#[derive(Default)]
struct Tally {
    done: AtomicUsize,
    wrong: AtomicUsize,
    moved: AtomicUsize,
}

impl Tally {
    /// Compares what is read with what must be read, without stopping at the first difference.
    fn check(&self, piece: u32, step: u32) {
        let read = (USER.get(), PIECE.get_or(u32::MAX), STEP.get());
        if read != (format!("user {piece}"), piece, step) {
            self.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn done(&self) {
        self.done.fetch_add(1, Ordering::Release);
    }

    fn all_done(&self, pieces: u32) -> bool {
        self.done.load(Ordering::Acquire) == pieces as usize
    }

    fn assert_all_right(&self, pieces: u32) {
        assert!(self.all_done(pieces), "{:?}", self.done);
        assert_eq!(self.wrong.load(Ordering::Relaxed), 0);
    }
}

/// Runs `f` as the code that hands out a piece of work.
fn as_user_of<R>(piece: u32, f: impl FnOnce() -> R) -> R {
    USER.sync_scope(format!("user {piece}"), || PIECE.sync_scope(piece, f))
}

/// A piece of asynchronous work: sets, yields, is polled by whichever thread is free.
async fn piece_of_work(piece: u32, tally: Arc<Tally>) {
    let mut last = thread::current().id();
    for step in 0..5 {
        tally.check(piece, step);
        STEP.set(step + 1);
        USER.scope("guest".to_owned(), woken_elsewhere()).await;
        let now = thread::current().id();
        let moved = usize::from(now != last);
        tally.moved.fetch_add(moved, Ordering::Relaxed);
        last = now;
    }
    tally.check(piece, 5);
    tally.done();
}

/// A piece of work that does not await: sets, and runs a nested scope.
fn closure(piece: u32, tally: &Tally) {
    tally.check(piece, 0);
    STEP.set(1);
    USER.sync_scope("guest".to_owned(), || drop(STEP.set(2)));
    tally.check(piece, 1);
    tally.done();
}
