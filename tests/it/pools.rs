//! Thousands of pieces of work, each with its own context, on pools that move them between
//! threads: none reads another's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::task::{Poll, Waker};
use std::thread::ThreadId;

use context_vars::context_var;

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
#[derive(Clone, Default)]
struct Tally(Arc<Counts>);

#[derive(Default)]
struct Counts {
    done: AtomicUsize,
    wrong: AtomicUsize,
    moved: AtomicUsize,
}

impl Tally {
    /// Compares what is read with what must be read, without stopping at the first difference.
    fn check(&self, piece: u32, step: u32) {
        let read = (USER.get(), PIECE.get_or(u32::MAX), STEP.get());
        if read != (format!("user {piece}"), piece, step) {
            self.0.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn done(&self) {
        self.0.done.fetch_add(1, Ordering::Release);
    }

    fn counts(&self) -> (usize, usize) {
        let done = self.0.done.load(Ordering::Acquire);
        (done, self.0.wrong.load(Ordering::Relaxed))
    }

    fn assert_all_right(&self, pieces: u32) {
        assert_eq!(self.counts(), (pieces as usize, 0), "done and wrong");
    }
}

/// Runs `f` as the code that hands out a piece of work.
fn as_user_of<R>(piece: u32, f: impl FnOnce() -> R) -> R {
    USER.sync_scope(format!("user {piece}"), || PIECE.sync_scope(piece, f))
}

/// A piece of asynchronous work: sets, yields, is polled by whichever thread is free.
async fn piece_of_work(piece: u32, tally: Tally) {
    let mut last: ThreadId = std::thread::current().id();
    for step in 0..5 {
        tally.check(piece, step);
        STEP.set(step + 1);
        USER.scope("guest".to_owned(), woken_elsewhere()).await;
        let now = std::thread::current().id();
        if last != now {
            tally.0.moved.fetch_add(1, Ordering::Relaxed);
        }
        last = now;
    }
    tally.check(piece, 5);
    tally.done();
}

/// Is pending until another thread wakes it, so that it may go on on any thread of the pool.
async fn woken_elsewhere() {
    static ALARM: LazyLock<mpsc::Sender<Waker>> = LazyLock::new(|| {
        let (send, wakers) = mpsc::channel::<Waker>();
        std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        send
    });
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if asked {
            return Poll::Ready(());
        }
        asked = true;
        ALARM.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}

/// A piece of work that does not await: sets, and runs a nested scope.
fn closure(piece: u32, tally: &Tally) {
    tally.check(piece, 0);
    STEP.set(1);
    USER.sync_scope("guest".to_owned(), || drop(STEP.set(2)));
    tally.check(piece, 1);
    tally.done();
}
