//! Sections O and P: tests around tests, and costs that can be counted.
//!
//! What is timed is in `context-vars/benches`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use context_vars::{Context, context_var, inherit, isolated, prelude::*, with_context};

use crate::support::allocations;

context_var! {
    static A: u64 = 1;
    static B: u64;
    static C: u64;
    static D: u64;
    static E: u64;
    static F: u64;
    static COUNTER: Arc<AtomicU64>;
    static SUITE: &str = "none";
}

#[with_context(suite = "outside")]
#[test]
fn test_in_a_context_with_the_attribute_above() {
    // case 297
    assert_eq!(SUITE.get(), "outside");
    nested_suite();
    assert_eq!(SUITE.get(), "outside");
}

#[with_context(suite = "nested")]
fn nested_suite() {
    assert_eq!(SUITE.get(), "nested");
}

#[test]
#[with_context(suite = "inside")]
fn test_in_a_context_with_the_attribute_below() {
    // case 297
    assert_eq!(SUITE.get(), "inside");
}

#[tokio::test]
#[with_context(suite = "async")]
async fn async_test_in_a_context_with_the_attribute_below() {
    // case 297
    tokio::task::yield_now().await;
    assert_eq!(SUITE.get(), "async");
}

#[with_context(suite = "async")]
#[tokio::test]
async fn async_test_in_a_context_with_the_attribute_above() {
    // case 297
    assert_eq!(SUITE.get(), "async");
}

#[test]
fn thousand_reads_in_a_row_allocate_nothing() {
    // case 301: of one variable, set or not, and of its presence; timed in `benches/read.rs`.
    B.sync_scope(2, || {
        let _warm = (A.get(), B.get());
        let reads = || {
            (0..1000)
                .filter(|_| A.get() == 1 && B.get() == 2 && B.is_set())
                .count()
        };
        assert_eq!(allocations(reads), 0);
        assert_eq!(reads(), 1000);
    });
}

#[test]
fn six_variables_in_rotation_are_read_like_one() {
    // case 302: a read is an index, so there is no cache that they could push each other from.
    let six = [&A, &B, &C, &D, &E, &F];
    isolated(|| {
        for (n, var) in six.iter().enumerate() {
            drop(var.set(n as u64));
        }
        let sum = || (0..600).map(|n| six[n % 6].get()).sum::<u64>();
        assert_eq!(allocations(sum), 0);
        assert_eq!(sum(), 1500);
    });
}

#[test]
fn shared_cell_is_reached_at_the_price_of_a_read() {
    // case 304
    let counter = Arc::new(AtomicU64::new(0));
    COUNTER.sync_scope(counter.clone(), || {
        let bump = || {
            for _ in 0..1000 {
                COUNTER.with(|counter| counter.fetch_add(1, Ordering::Relaxed));
            }
        };
        assert_eq!(allocations(bump), 0);
    });
    assert_eq!(counter.load(Ordering::Relaxed), 1000);
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn threads_that_read_at_once_touch_nothing_that_is_shared() {
    // case 307 and case 312: no count goes up by a read; timed in `benches/two_threads.rs`.
    let shared = Arc::new(AtomicU64::new(0));
    let context = Context::new()
        .with_value(&COUNTER, shared.clone())
        .with_value(&A, 5);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let (mut context, shared) = (context.clone(), &shared);
            threads.spawn(move || {
                context.run(|| {
                    for _ in 0..10_000 {
                        assert_eq!((A.get(), B.is_set()), (5, false));
                        COUNTER
                            .with(|counter| assert_eq!(Arc::as_ptr(counter), Arc::as_ptr(shared)));
                    }
                });
            });
        }
    });
    assert_eq!(
        Arc::strong_count(&shared),
        2,
        "the context's own and the one here"
    );
}

#[test]
fn work_that_inherits_nothing_costs_nothing() {
    // case 311
    isolated(|| {
        assert_eq!(allocations(|| inherit(|| A.is_set())()), 0);
        assert_eq!(allocations(|| std::future::ready(()).inherit_context()), 0);
        assert_eq!(allocations(|| Context::current().clone()), 0);
    });
}

/// Says which it is: the scripts that switch the lists off, since they hide a use after free, look
/// for the line, so that a flag that was lost does not make them blind.
#[test]
fn free_lists_are_on_unless_they_were_switched_off() {
    let scope = || A.sync_scope(3, || A.get());
    let _warm = (scope(), scope());
    let on = allocations(scope) == 0;
    println!("free lists: {}", if on { "on" } else { "off" });
    assert_eq!(on, !cfg!(context_vars_no_free_lists));
}
