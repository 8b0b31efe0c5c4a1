//! `ContextVar::unset`: as `set`, to nothing.

use context_vars::{Context, context_var};

use crate::support::{Alive, TRACKED, USER, as_alice, one_thread, panic_text};

context_var! {
    static PLAIN: u32;
    #[no_inherit]
    static OWN: u32;
}

#[test]
fn unset_variable_reads_as_if_it_was_never_set_until_its_token_puts_the_value_back() {
    as_alice(|| {
        let token = USER.unset();
        assert_eq!((USER.get(), USER.is_set()), ("anonymous", false));
        assert_eq!(token.old_value(), Some(&"alice"));
        assert!(!Context::current().contains(&USER));
        token.reset().unwrap();
        assert_eq!(USER.get(), "alice");
    });
    PLAIN.sync_scope(1, || {
        PLAIN.unset();
        assert!(PLAIN.try_get().is_err());
    });
}

#[test]
fn unset_is_for_the_current_context_alone() {
    as_alice(|| {
        let mut copy = Context::current();
        copy.run(|| drop(USER.unset()));
        assert_eq!((copy.get(&USER), USER.get()), (None, "alice"));
        OWN.sync_scope(1, || {
            PLAIN.sync_scope(2, || {
                USER.unset();
                OWN.unset();
                assert!(!USER.is_set() && !OWN.is_set());
            });
            assert_eq!((USER.get(), OWN.get()), ("alice", 1));
        });
    });
}

#[test]
fn unset_of_what_is_not_set_gives_a_token_that_takes_back_a_later_set() {
    Context::new().run(|| {
        let token = USER.unset();
        assert_eq!(token.old_value(), None);
        USER.set("alice");
        token.reset().unwrap();
        assert!(!USER.is_set());
    });
}

#[test]
fn unset_value_lives_as_long_as_its_token() {
    let alive = Alive::default();
    TRACKED.sync_scope(alive.track(), || {
        let token = TRACKED.unset();
        assert_eq!(alive.count(), 1);
        drop(token);
        assert_eq!(alive.count(), 0);
    });
}

#[test]
fn bare_task_may_not_unset_either() {
    let runtime = one_thread();
    let task = runtime.spawn(async { drop(USER.unset()) });
    let panic = runtime.block_on(task).unwrap_err().into_panic();
    let text = panic_text(&*panic);
    let expected = "USER` was unset in a task that has no context";
    assert!(text.contains(expected), "{text}");
}
