//! Section K: how long values live.

use context_vars::{Context, context_var, isolated};

use crate::support::{Alive, Tracked};

context_var! {
    static DISABLED: Tracked;
    static FIRST: Tracked;
    static SECOND: Tracked;
}

#[test]
fn value_of_a_variable_that_is_not_used_any_more_is_freed() {
    // case 244: the variable lives for ever, its values do not.
    let alive = Alive::default();
    let context = Context::new().with_value(&DISABLED, alive.track());
    let mut context = context.without(&DISABLED);
    assert_eq!(alive.count(), 0);
    context.run(|| {
        let token = DISABLED.set(alive.track());
        token.reset().unwrap();
        assert_eq!(alive.count(), 0, "inside its own run");
    });
}

#[test]
fn variable_never_sees_the_value_of_one_that_was_freed() {
    // case 251: numbers and statics are never used again, blocks of memory are.
    isolated(|| {
        let alive = Alive::default();
        for _ in 0..100 {
            FIRST.sync_scope(alive.track(), || assert!(FIRST.is_set()));
            assert!(!FIRST.is_set() && !SECOND.is_set());
            SECOND.sync_scope(alive.track(), || assert!(!FIRST.is_set()));
        }
        assert_eq!(alive.count(), 0);
    });
}
