//! Sections C and D: contexts as values.

use context_vars::{Context, context_var, isolated};

context_var! {
    static USER: &str;
    static COUNT: u32;
    static OTHER: u32;
}

#[test]
fn each_version_of_a_context_stays_as_it_was() {
    // case 81 and case 82: setting an identical value makes a new entry; contexts have no identity
    // of their own that could be compared, so "the same object" is nobody's promise here.
    let first = Context::new().with_value(&COUNT, 1);
    let second = first.clone().with_value(&COUNT, 2);
    let third = second.clone().with_value(&COUNT, 2);
    let fourth = third.clone().with_value(&USER, "alice");
    let fifth = fourth.clone().without(&COUNT);
    let counts = [&first, &second, &third, &fourth, &fifth].map(|context| context.get(&COUNT));
    assert_eq!(counts, [Some(&1), Some(&2), Some(&2), Some(&2), None]);
    assert_eq!((third.get(&USER), fifth.get(&USER)), (None, Some(&"alice")));

    let (mut outer, mut inner) = (first, fourth);
    outer.run(|| {
        inner.run(|| assert_eq!((COUNT.get(), USER.get()), (2, "alice")));
        assert!(!USER.is_set());
        assert_eq!(COUNT.get(), 1);
    });
}

#[test]
fn view_of_a_context_that_was_taken_earlier_shows_what_was() {
    // case 86
    isolated(|| {
        drop(COUNT.set(1));
        let view = Context::current();
        drop(COUNT.set(2));
        drop(OTHER.set(3));
        assert_eq!((view.get(&COUNT), view.len()), (Some(&1), 1));
        assert_eq!(Context::current().get(&COUNT), Some(&2));
    });
}

#[test]
fn clearing_inside_a_scope_keeps_the_stack_balanced() {
    // case 109: push, clear everything, pop; an export is a copy.
    isolated(|| {
        drop(COUNT.set(1));
        COUNT.sync_scope(2, || {
            isolated(|| {
                assert_eq!(Context::current().len(), 0);
                drop(OTHER.set(9));
            });
            let export = Context::current();
            drop(COUNT.set(3));
            assert_eq!(export.get(&COUNT), Some(&2));
            assert!(!OTHER.is_set());
        });
        assert_eq!(COUNT.get(), 1);
    });
}
