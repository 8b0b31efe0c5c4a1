//! R18: inside `with` everything is allowed, on every variable.

use std::pin::pin;

use context_vars::{Context, context_var, detached, inherit, prelude::*};

use crate::support::{Alive, Tracked, on_a_thread, panic_of, poll_once, times};

context_var! {
    static NAME: String = "default".to_owned();
    static TRACKED: (Tracked, String);
    static LOUD: Loud;
    static INNER: u32;
    static FRAGILE: Fragile;
    #[no_inherit]
    static LOCAL: (Tracked, String);
}

fn name(text: &str) -> String {
    text.to_owned()
}

impl Alive {
    /// A value whose drop is counted, and which has a text on the heap.
    fn named(&self, text: &str) -> (Tracked, String) {
        (self.track(), name(text))
    }
}

/// Its `Clone` sets the variable that is being read.
struct Loud(String);

impl Clone for Loud {
    fn clone(&self) -> Self {
        LOUD.set(Loud("set while it was cloned".into()));
        Loud(self.0.clone())
    }
}

/// Its `Clone` panics.
struct Fragile;

impl Clone for Fragile {
    fn clone(&self) -> Self {
        panic!("in clone");
    }
}

#[test]
fn value_stays_valid_when_it_is_set_and_reset_inside_with() {
    for var in [&TRACKED, &LOCAL] {
        let alive = Alive::default();
        detached(|| {
            var.set(alive.named("first"));
            var.with(|(_, first)| {
                var.set(alive.named("second"));
                assert_eq!(
                    alive.count(),
                    2,
                    "{var:?}: the value that is looked at is kept"
                );
                let token = var.set(alive.named("third"));
                var.with(|(_, third)| {
                    INNER.sync_scope(1, || drop(var.set(alive.named("in a scope"))));
                    token.reset().unwrap();
                    assert_eq!((first.as_str(), third.as_str()), ("first", "third"));
                });
                assert_eq!(
                    alive.count(),
                    2,
                    "{var:?}: the third went with the last look at it"
                );
            });
            assert_eq!(alive.count(), 1, "{var:?}");
            var.with(|(_, text)| assert_eq!(text, "second"));
        });
        assert_eq!(alive.count(), 0, "{var:?}");
    }
}

#[test]
fn scopes_threads_and_contexts_work_inside_with() {
    NAME.sync_scope(name("alice"), || {
        NAME.with(|alice| {
            NAME.sync_scope(name("bob"), || {
                NAME.with(|bob| assert_eq!((alice.as_str(), bob.as_str()), ("alice", "bob")));
                NAME.set(name("carol"));
            });
            assert_eq!(on_a_thread(inherit(|| NAME.get())), "alice");
            let mut context = Context::current();
            NAME.set(name("dave"));
            context.run(|| assert_eq!(NAME.get(), "alice"));
            drop(context);
            let mut future = pin!(NAME.scope(name("eve"), async { NAME.get() }));
            assert!(poll_once(future.as_mut()).is_ready());
            assert_eq!(alice, "alice");
        });
        assert_eq!(NAME.get(), "dave");
    });
}

#[test]
fn last_copy_of_a_context_is_dropped_while_its_value_is_looked_at() {
    let alive = Alive::default();
    let mut context = Context::new().with_value(&TRACKED, alive.named("kept"));
    let snapshot = context.run(Context::current);
    context.run(|| {
        TRACKED.with(|(_, text)| {
            // The node of the slot is shared: the set copies it and gives the old one back.
            TRACKED.set(alive.named("new"));
            drop(snapshot);
            assert_eq!((text.as_str(), alive.count()), ("kept", 2));
        });
        assert_eq!(alive.count(), 1);
    });
}

#[test]
fn future_that_owns_the_value_is_dropped_inside_with() {
    let alive = Alive::default();
    let mut entered = Context::new().with_value(&TRACKED, alive.named("theirs"));
    let work = std::future::pending::<()>().in_context(entered.clone());
    entered.run(|| {
        TRACKED.with(|(_, text)| {
            drop(work);
            assert_eq!((text.as_str(), alive.count()), ("theirs", 1));
        });
    });
    drop(entered);
    assert_eq!(alive.count(), 0);
}

#[test]
fn clone_that_sets_the_variable_it_is_cloned_from_is_harmless() {
    detached(|| {
        LOUD.set(Loud("before".into()));
        assert_eq!(LOUD.get().0, "before");
        LOUD.with(|loud| assert_eq!(loud.0, "set while it was cloned"));
    });
}

#[test]
fn clone_that_panics_poisons_nothing() {
    detached(|| {
        FRAGILE.set(Fragile);
        for read in [|| FRAGILE.get(), || FRAGILE.get_or(Fragile)] {
            assert_eq!(panic_of(read), "in clone");
            assert!(FRAGILE.is_set());
            FRAGILE.with(|_| ());
        }
        FRAGILE.set(Fragile);
    });
}

#[test]
fn with_that_panics_releases_what_it_secured() {
    let alive = Alive::default();
    detached(|| {
        TRACKED.set(alive.named("first"));
        let text = panic_of(|| {
            TRACKED.with(|_| {
                TRACKED.set(alive.named("second"));
                panic!("inside with");
            })
        });
        assert_eq!((text.as_str(), alive.count()), ("inside with", 1));
    });
    assert_eq!(alive.count(), 0);
}

#[test]
fn with_on_a_default_may_set_the_variable() {
    detached(|| {
        NAME.with(|default| {
            NAME.set(name("set"));
            assert_eq!((default.as_str(), NAME.get().as_str()), ("default", "set"));
        });
    });
}

#[test]
fn long_running_with_keeps_no_more_than_it_looks_at() {
    let alive = Alive::default();
    NAME.sync_scope(name("server"), || {
        NAME.with(|_| {
            for _ in 0..times(1000) {
                TRACKED.sync_scope(alive.named("request"), || {
                    TRACKED.with(|_| assert_eq!(alive.count(), 1));
                });
                assert_eq!(alive.count(), 0);
            }
        });
    });
}

#[test]
fn nested_looks_at_one_value_share_its_lifetime() {
    let alive = Alive::default();
    detached(|| {
        TRACKED.set(alive.named("one"));
        TRACKED.with(|(_, outer)| {
            TRACKED.with(|(_, inner)| {
                TRACKED.set(alive.named("two"));
                assert_eq!((outer.as_str(), inner.as_str()), ("one", "one"));
            });
            assert_eq!((outer.as_str(), alive.count()), ("one", 2));
        });
        assert_eq!(alive.count(), 1);
    });
}

/// A use after free of ours, found by the model.
#[test]
fn token_dropped_on_another_thread_keeps_the_value_that_is_being_read() {
    const TEXT: &str = "long enough to be on the heap, and then gone";
    detached(|| {
        NAME.set(name(TEXT));
        NAME.with(|text| {
            let token = NAME.set(name("second"));
            on_a_thread(move || drop(token));
            assert_eq!(text, TEXT);
        });
    });
}
