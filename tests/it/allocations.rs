//! Operations that allocate, and those that do not. Times are measured in `context-vars/benches`.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use context_vars::{Context, context_var, detached, inherit, prelude::*};

use crate::support::{allocations, poll_once};

context_var! {
    static NUMBER: u64 = 1;
    static TEXT: String = "default".to_owned();
    static OTHER: u64;
    static THIRD: u64;
    static COUNTER: Arc<AtomicU64>;
    #[no_inherit]
    static OWN: u64;
}

#[test]
fn reading_allocates_nothing() {
    // case 301; case 302: also of several variables in rotation.
    NUMBER.sync_scope(1, || {
        TEXT.sync_scope("set".to_owned(), || {
            let _warm = TEXT.with(String::len);
            assert_eq!(allocations(|| NUMBER.get()), 0);
            assert_eq!(allocations(|| NUMBER.try_get()), 0);
            assert_eq!(allocations(|| NUMBER.get_or(2)), 0);
            assert_eq!(allocations(|| TEXT.with(String::len)), 0);
            assert_eq!(allocations(|| OTHER.is_set()), 0);
            assert_eq!(allocations(|| OTHER.try_get().is_err()), 0);
            OTHER.set(2);
            THIRD.set(3);
            let rotation = [&NUMBER, &OTHER, &THIRD].into_iter().cycle().take(600);
            let mut sum = 0_u64;
            assert_eq!(allocations(|| sum = rotation.map(|var| var.get()).sum()), 0);
            assert_eq!(sum, 200 * (1 + 2 + 3));
        });
    });
    let _warm = TEXT.with(String::len);
    assert_eq!(allocations(|| TEXT.with(String::len)), 0, "a default");
}

#[test]
fn shared_cell_is_changed_in_a_read_which_neither_copies_it_nor_allocates() {
    // case 304
    let counter = Arc::new(AtomicU64::new(0));
    COUNTER.sync_scope(counter.clone(), || {
        let bump = || {
            COUNTER.with(|inside| {
                inside.fetch_add(1, Ordering::Relaxed);
                assert_eq!(Arc::strong_count(inside), 2, "the one here, the context's");
            });
        };
        assert_eq!(allocations(|| (0..1000).for_each(|_| bump())), 0);
    });
    assert_eq!(counter.load(Ordering::Relaxed), 1000);
}

#[test]
fn threads_that_read_at_once_read_the_one_value_and_allocate_nothing() {
    // case 307 and case 312: that they do not slow each other down is timed in
    // `benches/two_threads.rs`.
    let context = Context::new().with_value(&TEXT, "shared".to_owned());
    let here = context.get(&TEXT).unwrap().as_ptr().addr();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let mut context = context.clone();
            threads.spawn(move || {
                let read = || TEXT.with(|text| assert_eq!(text.as_ptr().addr(), here));
                context.run(|| assert_eq!(allocations(|| (0..10_000).for_each(|_| read())), 0));
            });
        }
    });
}

#[test]
fn copying_and_wrapping_allocate_nothing() {
    // case 311: in an empty context, in one that has something, and beside what is not inherited.
    let check = || {
        assert_eq!(allocations(Context::current), 0);
        assert_eq!(allocations(Context::new), 0);
        assert_eq!(allocations(|| Context::current().clone()), 0);
        assert_eq!(allocations(|| std::future::ready(()).inherit_context()), 0);
        assert_eq!(allocations(|| inherit(|| NUMBER.get())()), 0);
    };
    let _warm = NUMBER.get();
    detached(check);
    NUMBER.sync_scope(1, check);
    OWN.sync_scope(1, check);
}

#[test]
fn polling_allocates_nothing() {
    let context = Context::new()
        .with_value(&NUMBER, 1)
        .with_value(&TEXT, "x".to_owned());
    let mut work = pin!(pending::<()>().in_context(context));
    assert_eq!(allocations(|| poll_once(work.as_mut())), 0);
    let mut scope = pin!(NUMBER.scope(2, pending::<()>()));
    let _first = poll_once(scope.as_mut());
    assert_eq!(allocations(|| poll_once(scope.as_mut())), 0);
}

/// Says which it is: the scripts that switch the lists off, since they hide a use after free, look
/// for the line, so that a flag that was lost does not make them blind.
#[test]
fn scope_of_one_variable_allocates_nothing_after_warm_up_unless_free_lists_are_off() {
    let scope = || NUMBER.sync_scope(3, || NUMBER.get());
    let _warm = (scope(), scope());
    let count = allocations(scope);
    println!("free lists: {}", if count == 0 { "on" } else { "off" });
    if cfg!(context_vars_no_free_lists) {
        // The sanitizers' scripts set it: every block must come from the allocator there.
        assert!(count >= 2, "the free lists are off: {count}");
    } else {
        assert_eq!(count, 0);
    }
}

#[with_context(number = 1, other = 2)]
async fn annotated() {}

#[test]
fn thread_that_only_polls_annotated_functions_keeps_blocks_too() {
    let allocated = thread::spawn(|| {
        let call = || assert!(poll_once(pin!(annotated())).is_ready());
        call();
        allocations(call)
    });
    let of_the_scope = 3 * usize::from(cfg!(context_vars_no_free_lists));
    assert_eq!(allocated.join().unwrap(), of_the_scope);
}

#[test]
fn free_lists_are_bounded() {
    let context = |n| Context::new().with_value(&NUMBER, n);
    let thousand = || (0..1000).map(context).collect::<Vec<_>>();
    drop(thousand());
    // No more than a list's worth comes back without an allocation.
    let count = allocations(thousand);
    assert!(count > 1500, "{count}");
}

#[test]
fn setting_again_makes_no_new_context() {
    // case 224: CPython hands the same map back if the object is the same. Here a set puts one
    // value in the place of another: one block for the value, which the thread's free list has.
    detached(|| {
        for _ in 0..3 {
            NUMBER.set(7);
        }
        let of_the_value = usize::from(cfg!(context_vars_no_free_lists));
        assert_eq!(allocations(|| drop(NUMBER.set(7))), of_the_value);
    });
}

#[test]
fn attaching_allocates_once_and_detaching_nothing() {
    let context = Context::new().with_value(&NUMBER, 2);
    let mut guard = None;
    assert_eq!(allocations(|| guard = Some(context.attach())), 1);
    assert_eq!(NUMBER.get(), 2);
    assert_eq!(allocations(|| guard.take().map(|guard| guard.detach())), 0);
}

#[test]
fn work_that_is_dropped_unfinished_allocates_once_and_finished_work_nothing() {
    let mut finished = pin!(async {}.inherit_context());
    assert_eq!(allocations(|| poll_once(finished.as_mut())), 0);
    let unfinished = async {}.inherit_context();
    assert_eq!(allocations(|| drop(unfinished)), 1);
    let never_polled = NUMBER.scope(1, async {});
    assert_eq!(allocations(|| drop(never_polled)), 1);
    let mut cancelled = Box::pin(NUMBER.scope(1, pending::<()>()));
    assert!(poll_once(cancelled.as_mut()).is_pending());
    assert_eq!(allocations(|| drop(cancelled)), 1);
}
