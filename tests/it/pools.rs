//! Thousands of pieces of work, each with a context of its own, on pools that move them between
//! threads: none reads another's.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::task::{Poll, Waker};
use std::thread::ThreadId;
use std::time::Duration;

use context_vars::{Context, context_var, inherit, inherit_fn, prelude::*};
use futures::executor::ThreadPool;
use futures::future::BoxFuture;
use rayon::prelude::*;

context_var! {
    static USER: String = "anonymous".to_owned();
    static PIECE: u32;
    static STEP: u32 = 0;
}

/// How many pieces of work each test hands out.
const PIECES: u32 = 5_000;

/// What the pieces of one test found.
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

/// Runs `f` as whoever hands out a piece of work.
fn as_user_of<R>(piece: u32, f: impl FnOnce() -> R) -> R {
    USER.sync_scope(format!("user {piece}"), || PIECE.sync_scope(piece, f))
}

/// A piece of asynchronous work: sets, yields, is polled by whichever thread is free.
async fn piece_of_work(piece: u32, tally: Tally) {
    let mut last: ThreadId = std::thread::current().id();
    for step in 0..5 {
        tally.check(piece, step);
        drop(STEP.set(step + 1));
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

/// A piece of work that does not await: sets, and runs a scope of its own.
fn closure(piece: u32, tally: &Tally) {
    tally.check(piece, 0);
    drop(STEP.set(1));
    USER.sync_scope("guest".to_owned(), || drop(STEP.set(2)));
    tally.check(piece, 1);
    tally.done();
}

// ---- executors ----

type Work = context_vars::InContext<BoxFuture<'static, ()>>;

/// Hands out all pieces by `spawn`, waits for them by `block_on`, and gives how often one of them
/// went on on another thread.
fn hand_out<T: Future>(
    spawn: impl Fn(Work) -> T,
    block_on: impl FnOnce(futures::future::JoinAll<T>),
) -> usize {
    let tally = Tally::default();
    let task = |piece| {
        let work: BoxFuture<'static, ()> = Box::pin(piece_of_work(piece, tally.clone()));
        spawn(as_user_of(piece, || work.inherit_context()))
    };
    block_on(futures::future::join_all((0..PIECES).map(task)));
    tally.assert_all_right(PIECES);
    assert!(!USER.is_set() && !PIECE.is_set() && !STEP.is_set());
    tally.0.moved.load(Ordering::Relaxed)
}

#[test]
fn async_executor_on_three_threads() {
    let executor = async_executor::Executor::new();
    let (stop, stopped) = smol::channel::unbounded::<()>();
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| smol::block_on(executor.run(stopped.recv())).unwrap_err());
        }
        let moved = hand_out(|work| executor.spawn(work), |all| drop(smol::block_on(all)));
        assert!(moved > 0);
        drop(stop);
    });
}

#[test]
fn smol_spawn() {
    // Smol's own executor has one thread, unless the environment says otherwise.
    hand_out(smol::spawn, |all| drop(smol::block_on(all)));
}

#[test]
fn futures_thread_pool() {
    use futures::task::SpawnExt;
    let pool = ThreadPool::builder().pool_size(3).create().unwrap();
    let moved = hand_out(
        |work| pool.spawn_with_handle(work).unwrap(),
        |all| drop(futures::executor::block_on(all)),
    );
    assert!(moved > 0);
}

#[test]
fn tokio_with_three_workers() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .build()
        .unwrap();
    let moved = hand_out(
        |work| runtime.spawn(work),
        |all| {
            let ended = runtime.block_on(all);
            assert!(ended.iter().all(Result::is_ok));
        },
    );
    assert!(moved > 0);
}

// ---- rayon ----

fn rayon_pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap()
}

#[test]
fn rayon_spawn() {
    let (tally, pool) = (Tally::default(), rayon_pool());
    let (send, receive) = mpsc::channel::<()>();
    for piece in 0..PIECES {
        let (tally, send) = (tally.clone(), send.clone());
        let job = move || {
            closure(piece, &tally);
            drop(send);
        };
        as_user_of(piece, || pool.spawn(inherit(job)));
    }
    drop(send);
    // Every job has dropped its end.
    assert!(receive.recv().is_err());
    tally.assert_all_right(PIECES);
}

#[test]
fn rayon_scope_with_jobs_that_spawn_jobs() {
    let (tally, pool) = (Tally::default(), rayon_pool());
    let tally = &tally;
    pool.scope(|scope| {
        for piece in 0..PIECES {
            // A closure that is given a reference enters a copy by itself.
            let mut context = as_user_of(piece, Context::current);
            scope.spawn(move |scope| {
                context.run(|| {
                    closure(piece, tally);
                    // What the parent has set is what its child starts with.
                    drop(STEP.set(7));
                    let mut context = Context::current();
                    scope.spawn(move |_| {
                        context.run(|| tally.check(piece, 7));
                        tally.done();
                    });
                });
            });
        }
    });
    tally.assert_all_right(2 * PIECES);
}

#[test]
fn rayon_join_all_the_way_down() {
    let (tally, pool) = (Tally::default(), rayon_pool());
    fn halves(from: u32, to: u32, tally: &Tally) {
        if to - from == 1 {
            return as_user_of(from, || closure(from, tally));
        }
        let middle = from.midpoint(to);
        let own = format!("{from} to {to}");
        USER.sync_scope(own.clone(), || {
            rayon::join(
                inherit(|| {
                    assert_eq!(USER.get(), own);
                    halves(from, middle, tally);
                }),
                inherit(|| {
                    assert_eq!(USER.get(), own);
                    halves(middle, to, tally);
                }),
            );
            assert_eq!(
                USER.get(),
                own,
                "after a wait in which other jobs were stolen"
            );
        });
    }
    pool.install(|| halves(0, PIECES, &tally));
    tally.assert_all_right(PIECES);
}

/// What a job reads that a thread of the pool takes up while it waits in a `join`.
fn stolen_by_a_waiting_thread(job: impl FnOnce(Box<dyn FnOnce() + Send>) + Send) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    let (started, ran) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let wait_for = |flag: &AtomicBool| {
        while !flag.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_micros(50));
        }
    };
    let runs = ran.clone();
    pool.install(|| {
        USER.sync_scope("the one who waits".to_owned(), || {
            rayon::join(
                || {
                    // The other thread has taken the other side, so that this one will wait.
                    wait_for(&started);
                    job(Box::new(move || runs.store(true, Ordering::Release)));
                },
                || {
                    started.store(true, Ordering::Release);
                    wait_for(&ran);
                },
            );
            assert_eq!(USER.get(), "the one who waits");
        });
    });
}

#[test]
fn rayon_job_stolen_by_a_thread_that_waits_in_join() {
    for _ in 0..50 {
        let (send, read) = mpsc::channel();
        let bare = send.clone();
        stolen_by_a_waiting_thread(|done| {
            rayon::spawn(move || {
                bare.send(USER.get()).unwrap();
                done();
            });
        });
        assert_eq!(
            read.recv().unwrap(),
            "the one who waits",
            "so nobody may rely on it"
        );
        stolen_by_a_waiting_thread(|done| {
            let job = move || {
                send.send(USER.get()).unwrap();
                done();
            };
            USER.sync_scope("the one who spawned".to_owned(), || {
                rayon::spawn(inherit(job))
            });
        });
        assert_eq!(read.recv().unwrap(), "the one who spawned");
    }
}

#[test]
fn rayon_par_iter_with_a_fresh_copy_for_each_item() {
    let (tally, pool) = (Tally::default(), rayon_pool());
    let inherits = as_user_of(7, || {
        inherit_fn(|_: u32| {
            // Each item starts anew, whatever the one before has set.
            closure(7, &tally);
        })
    });
    pool.install(|| (0..PIECES).into_par_iter().for_each(inherits));
    tally.assert_all_right(PIECES);
}

#[test]
fn rayon_par_iter_with_one_copy_for_each_split() {
    let (tally, pool) = (Tally::default(), rayon_pool());
    let (context, splits) = (as_user_of(7, Context::current), AtomicUsize::new(0));
    let sum: u32 = pool.install(|| {
        let copy = || {
            splits.fetch_add(1, Ordering::Relaxed);
            context.clone()
        };
        let items = (0..PIECES).into_par_iter();
        let inherits = |context: &mut Context, item| {
            context.run(|| {
                tally.check(7, 0);
                tally.done();
                item % PIECE.get()
            })
        };
        items.map_init(copy, inherits).sum()
    });
    assert_eq!(sum, (0..PIECES).map(|item| item % 7).sum::<u32>());
    tally.assert_all_right(PIECES);
    assert!(splits.load(Ordering::Relaxed) < PIECES as usize);
}

#[test]
fn rayon_nested_pools_keep_the_context_of_each() {
    let (outer, inner) = (rayon_pool(), rayon_pool());
    let tally = Tally::default();
    let (inner, tally) = (&inner, &tally);
    outer.scope(|scope| {
        for piece in 0..500 {
            let mut context = as_user_of(piece, Context::current);
            scope.spawn(move |_| {
                context.run(|| {
                    inner.install(inherit(|| {
                        rayon::join(
                            inherit(|| closure(piece, tally)),
                            inherit(|| closure(piece, tally)),
                        );
                    }));
                    tally.check(piece, 0);
                });
            });
        }
    });
    tally.assert_all_right(1000);
}
