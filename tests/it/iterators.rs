//! R17, for iterators.

use context_vars::{Context, prelude::*};
use futures::stream::{self, Stream};

use crate::support::{COUNT, OnDrop, USER, alice, panic_of, times};

#[test]
fn each_step_runs_inside_and_nothing_leaks_between_steps() {
    // case 204, case 212, case 217
    let steps = (0..3).map(|_| {
        COUNT.set(COUNT.get() + 1);
        (USER.get(), COUNT.get())
    });
    let mut steps = USER.sync_scope("alice", || steps.inherit_context());
    for n in 1..=3 {
        USER.sync_scope("consumer", || assert_eq!(steps.next(), Some(("alice", n))));
        assert_eq!(COUNT.get(), 0);
    }
    assert_eq!(steps.next(), None);
}

#[test]
fn iterators_advanced_in_turn_keep_their_own() {
    // case 206, case 214
    let generator = |own: &'static str| {
        let mut first = true;
        std::iter::from_fn(move || {
            if std::mem::take(&mut first) {
                USER.set(own);
            }
            Some(USER.get())
        })
        .in_context(Context::new())
    };
    let (mut a, mut b) = (generator("a"), generator("b"));
    let seen = [a.next(), b.next(), a.next(), b.next()].map(Option::unwrap);
    assert_eq!(seen, ["a", "b", "a", "b"]);
}

#[test]
fn both_ends_skipped_steps_length_and_hint_are_forwarded_and_run_inside() {
    let steps = (0..8).map(|n| {
        COUNT.set(COUNT.get() + 1);
        (n, USER.get(), COUNT.get())
    });
    let mut steps = steps.in_context(alice());
    assert_eq!((steps.len(), steps.size_hint()), (8, (8, Some(8))));
    assert_eq!(steps.next_back(), Some((7, "alice", 1)));
    assert_eq!(steps.nth(1), Some((1, "alice", 3)));
    assert_eq!(steps.nth_back(1), Some((5, "alice", 5)));
    assert_eq!(steps.len(), 3);
    fn fused<I: std::iter::FusedIterator>(_: &I) {}
    fused(&steps);
    assert_eq!(steps.rev().nth(1), Some((3, "alice", 7)));
    assert!(!COUNT.is_set());
}

/// An iterator whose hint depends on who asks.
struct ByUser;

impl Iterator for ByUser {
    type Item = ();

    fn next(&mut self) -> Option<()> {
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        assert!(USER.get() != "panics", "{}", USER.get());
        COUNT.set(COUNT.get() + 1);
        (USER.get().len(), Some(COUNT.get() as usize))
    }
}

#[test]
fn hint_is_asked_inside_a_copy() {
    let steps = ByUser.in_context(alice().with_value(&COUNT, 7));
    // A value that is set there is gone, because the hint has only a shared reference.
    assert_eq!([steps.size_hint(), steps.size_hint()], [(5, Some(8)); 2]);
    assert_eq!((USER.get(), COUNT.is_set()), ("anonymous", false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                (0..times(100)).for_each(|_| assert_eq!(steps.size_hint(), (5, Some(8))))
            });
        }
    });
    let stream = stream::iter(ByUser).in_context(alice().with_value(&COUNT, 7));
    assert_eq!(Stream::size_hint(&stream), (5, Some(8)));
    assert_eq!((USER.get(), COUNT.is_set()), ("anonymous", false));
    let panics = ByUser.in_context(Context::new().with_value(&USER, "panics"));
    assert_eq!(panic_of(|| panics.size_hint()), "panics");
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn half_used_iterator_is_dropped_inside_its_context() {
    let mut seen = "";
    let hook = OnDrop(|| seen = USER.get());
    let mut steps = std::iter::repeat_with(move || {
        let _hook = &hook;
        USER.set("set by a step");
    })
    .in_context(alice());
    steps.next();
    drop(steps);
    assert_eq!(seen, "set by a step");
}

#[test]
fn step_that_panics_restores() {
    let mut steps = std::iter::once_with(|| panic!("{}", USER.get())).in_context(alice());
    assert_eq!(panic_of(|| steps.next()), "alice");
    assert_eq!(USER.get(), "anonymous");
}
