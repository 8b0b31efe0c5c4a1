//! Rayon: closures that are stolen.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, mpsc};

use context_vars::{Context, inherit, inherit_fn};
use rayon::prelude::*;

use super::{PIECE, PIECES, STEP, Tally, USER, as_user_of, closure};
use crate::support::{rayon_pool, soon, until};

#[test]
fn rayon_spawn() {
    let (tally, pool) = (Tally::default(), rayon_pool(3));
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
    until(|| receive.try_recv() == Err(TryRecvError::Disconnected));
    tally.assert_all_right(PIECES);
}

#[test]
fn rayon_scope_with_jobs_that_spawn_jobs() {
    let (tally, pool) = (Tally::default(), rayon_pool(3));
    let tally = &tally;
    pool.scope(|scope| {
        for piece in 0..PIECES {
            // A closure that is given a reference enters a copy by itself.
            let mut context = as_user_of(piece, Context::current);
            scope.spawn(move |scope| {
                context.run(|| {
                    closure(piece, tally);
                    // The child starts with the values that the parent has set.
                    STEP.set(7);
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
    let (tally, pool) = (Tally::default(), rayon_pool(3));
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

/// Returns the value that a job reads if a thread of the pool runs it while it waits in a `join`.
fn stolen_by_a_waiting_thread(job: impl FnOnce(Box<dyn FnOnce() + Send>) + Send) {
    let pool = rayon_pool(2);
    let (started, ran) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let wait_for = |flag: &AtomicBool| until(|| flag.load(Ordering::Acquire));
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
        assert_eq!(soon(&read), "the one who waits", "so nobody may rely on it");
        stolen_by_a_waiting_thread(|done| {
            let job = move || {
                send.send(USER.get()).unwrap();
                done();
            };
            USER.sync_scope("the one who spawned".to_owned(), || {
                rayon::spawn(inherit(job))
            });
        });
        assert_eq!(soon(&read), "the one who spawned");
    }
}

#[test]
fn rayon_par_iter_with_a_fresh_copy_for_each_item() {
    let (tally, pool) = (Tally::default(), rayon_pool(3));
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
    let (tally, pool) = (Tally::default(), rayon_pool(3));
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
    let (outer, inner) = (rayon_pool(3), rayon_pool(3));
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
