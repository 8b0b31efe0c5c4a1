//! Rayon: closures that are stolen.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use context_vars::{Context, inherit, inherit_fn};
use rayon::prelude::*;

use super::{PIECE, PIECES, STEP, Tally, USER, as_user_of, closure};
use crate::support::{rayon_pool, until};

#[test]
fn rayon_spawn() {
    let (tally, pool) = (Arc::<Tally>::default(), rayon_pool(3));
    for piece in 0..PIECES {
        let tally = tally.clone();
        let job = move || closure(piece, &tally);
        as_user_of(piece, || pool.spawn(inherit(job)));
    }
    until(|| tally.all_done(PIECES));
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
            let inherits = |from, to| {
                let own = &own;
                inherit(move || {
                    assert_eq!(USER.get(), *own);
                    halves(from, to, tally);
                })
            };
            rayon::join(inherits(from, middle), inherits(middle, to));
            assert_eq!(USER.get(), own, "other jobs were stolen");
        });
    }
    pool.install(|| halves(0, PIECES, &tally));
    tally.assert_all_right(PIECES);
}

/// Returns the user that a job sees if a thread of the pool runs it while it waits in a `join`.
fn seen_by_a_stolen_job(spawn: fn(Box<dyn FnOnce() + Send>)) -> String {
    let pool = rayon_pool(2);
    let (started, seen) = (AtomicBool::new(false), Arc::new(OnceLock::new()));
    let sees = seen.clone();
    pool.install(|| {
        USER.sync_scope("the one who waits".to_owned(), || {
            rayon::join(
                || {
                    // The other thread has taken the other side, so that this one will wait.
                    until(|| started.load(Ordering::Acquire));
                    spawn(Box::new(move || sees.set(USER.get()).unwrap()));
                },
                || {
                    started.store(true, Ordering::Release);
                    until(|| seen.get().is_some());
                },
            );
            assert_eq!(USER.get(), "the one who waits");
        });
    });
    seen.get().unwrap().clone()
}

#[test]
fn rayon_job_stolen_by_a_thread_that_waits_in_join() {
    for _ in 0..50 {
        let bare = seen_by_a_stolen_job(rayon::spawn);
        assert_eq!(bare, "the one who waits", "so nobody may rely on it");
        let inherits = seen_by_a_stolen_job(|job| {
            USER.sync_scope("the one who spawned".to_owned(), || {
                rayon::spawn(inherit(job));
            });
        });
        assert_eq!(inherits, "the one who spawned");
    }
}

#[test]
fn rayon_par_iter_with_a_fresh_copy_for_each_item() {
    let (tally, pool) = (Tally::default(), rayon_pool(3));
    let inherits = as_user_of(7, || {
        // Each item starts anew, whatever the one before has set.
        inherit_fn(|_: u32| closure(7, &tally))
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
    // In rounds, because a thread that waits for the inner pool runs other pieces on the same stack.
    for round in 0..20 {
        outer.scope(|scope| {
            for piece in round * 25..(round + 1) * 25 {
                let mut context = as_user_of(piece, Context::current);
                scope.spawn(move |_| {
                    context.run(|| {
                        let half = || inherit(|| closure(piece, tally));
                        inner.install(inherit(|| rayon::join(half(), half())));
                        tally.check(piece, 0);
                    });
                });
            }
        });
    }
    tally.assert_all_right(1000);
}
