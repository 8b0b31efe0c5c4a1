//! What allocates, and what does not.

use std::pin::pin;

use context_vars::{Context, context_var, inherit, prelude::*};

use crate::support::{allocations, poll_once};

context_var! {
    static NUMBER: u64 = 1;
    static TEXT: String = "default".to_owned();
    static OTHER: u64;
}

#[test]
fn reading_allocates_nothing() {
    NUMBER.sync_scope(1, || {
        TEXT.sync_scope("set".to_owned(), || {
            let _warm = TEXT.with(String::len);
            assert_eq!(allocations(|| NUMBER.get()), 0);
            assert_eq!(allocations(|| NUMBER.try_get()), 0);
            assert_eq!(allocations(|| NUMBER.get_or(2)), 0);
            assert_eq!(allocations(|| TEXT.with(String::len)), 0);
            assert_eq!(allocations(|| OTHER.is_set()), 0);
            assert_eq!(allocations(|| OTHER.try_get().is_err()), 0);
        });
    });
    let _warm = TEXT.with(String::len);
    assert_eq!(allocations(|| TEXT.with(String::len)), 0, "a default");
}

#[test]
fn copying_and_wrapping_allocate_nothing() {
    NUMBER.sync_scope(1, || {
        assert_eq!(allocations(Context::current), 0);
        assert_eq!(allocations(Context::new), 0);
        assert_eq!(allocations(|| Context::current().clone()), 0);
        assert_eq!(allocations(|| std::future::ready(()).inherit_context()), 0);
        assert_eq!(allocations(|| inherit(|| NUMBER.get())()), 0);
    });
}

#[test]
fn polling_allocates_nothing() {
    let context = Context::new()
        .with_value(&NUMBER, 1)
        .with_value(&TEXT, "x".to_owned());
    let mut work = pin!(std::future::pending::<()>().in_context(context));
    assert_eq!(allocations(|| poll_once(work.as_mut())), 0);
    let mut scope = pin!(NUMBER.scope(2, std::future::pending::<()>()));
    let _first = poll_once(scope.as_mut());
    assert_eq!(allocations(|| poll_once(scope.as_mut())), 0);
}

#[test]
fn scope_of_one_variable_allocates_nothing_after_warm_up() {
    let scope = || NUMBER.sync_scope(3, || NUMBER.get());
    let _warm = (scope(), scope());
    let count = allocations(scope);
    if cfg!(context_vars_no_free_lists) {
        // The sanitizers' scripts set it: every block must come from the allocator there.
        assert!(count >= 2, "the free lists are off: {count}");
    } else {
        assert_eq!(count, 0);
    }
}

#[test]
fn free_lists_are_bounded() {
    let alive = crate::support::Alive::default();
    let contexts: Vec<_> = (0..1000)
        .map(|n| Context::new().with_value(&NUMBER, n))
        .collect();
    drop(contexts);
    // No more than a list's worth comes back without an allocation.
    let count = allocations(|| {
        (0..1000)
            .map(|n| Context::new().with_value(&NUMBER, n))
            .collect::<Vec<_>>()
    });
    assert!(count > 1500, "{count}");
    drop(alive);
}
