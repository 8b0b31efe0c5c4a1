//! R4, R5: `set`, tokens and `reset`.

use std::error::Error as _;
use std::sync::atomic::{AtomicU32, Ordering};

use context_vars::{
    Context, ResetError, ResetErrorKind, Token, context_var, detached, inherit, prelude::*,
};

use crate::support::{Alive, TRACKED, USER, on_a_thread};

context_var! {
    static OTHER: &str;
    #[no_inherit]
    static NOT_INHERITED: &str;
    static LIST: Vec<u32>;
    static LEVEL: Level;
}

#[test]
fn token_knows_the_variable_and_the_old_value() {
    // case 26, case 27
    for var in [&USER, &NOT_INHERITED] {
        detached(|| {
            let first = var.set("alice");
            assert_eq!(first.old_value(), None, "a default is not an old value");
            assert!(std::ptr::eq(first.var(), var), "{var:?}");
            let second = var.set("bob");
            assert_eq!(second.old_value(), Some(&"alice"));
            second.reset().unwrap();
            assert_eq!(var.get(), "alice", "{var:?}");
            first.reset().unwrap();
            assert!(!var.is_set(), "{var:?}");
        });
    }
}

#[test]
fn reset_puts_back_what_was_there_whatever_was_set_since_and_in_any_order() {
    // case 29, case 37
    detached(|| {
        let first = USER.set("a");
        let second = USER.set("b");
        USER.set("c"); // R5: a token that goes unused changes nothing
        assert_eq!(USER.get(), "c");
        USER.reset(first).unwrap();
        assert_eq!((USER.get(), USER.is_set()), ("anonymous", false));
        USER.reset(second).unwrap();
        assert_eq!(USER.get(), "a");
    });
}

#[test]
fn token_reset_by_hand_inside_a_scope_leaves_the_scopes_end_right() {
    // case 39: Python reports "already used" at the end of the block. Here `reset` takes the
    // token, so that a second use does not compile (`ui/rustc/runtime/token_used_twice`).
    USER.sync_scope("outer", || {
        USER.sync_scope("inner", || {
            let token = USER.set("set");
            token.reset().unwrap();
            assert_eq!(USER.get(), "inner");
        });
        assert_eq!(USER.get(), "outer");
    });
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn token_of_another_variable_is_handed_back_and_changes_nothing() {
    // case 31: same type, so that only the run time can tell.
    detached(|| {
        OTHER.set("other");
        let token = USER.set("alice");
        let error = OTHER.reset(token).unwrap_err();
        assert_eq!(error.kind(), ResetErrorKind::OtherVariable);
        let of = format!("`{}::USER`", USER.module_path());
        let text = format!("the token was made by `set` of another variable, {of}");
        assert_eq!(error.to_string(), text);
        assert!(error.source().is_none());
        assert_eq!((USER.get(), OTHER.get()), ("alice", "other"));
        error.into_token().reset().unwrap();
        assert!(!USER.is_set());
    });
}

#[track_caller]
fn refused<T>(result: Result<(), ResetError<T>>) -> Token<T> {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ResetErrorKind::OtherContext);
    assert!(error.to_string().contains("in another context"), "{error}");
    error.into_token()
}

#[test]
fn token_of_another_context_is_refused_in_each_kind_of_one() {
    // case 32; R4: a scope that has ended, another task, a copy, the context around.
    // case 46, case 49: it is no panic, changes nothing, and helps nowhere else.
    let there = on_a_thread(|| {
        let in_run = Context::new().run(|| USER.set("entered there"));
        [USER.set("there"), in_run]
    });
    let in_scope = OTHER.sync_scope("x", || USER.set("in a scope"));
    let in_run = Context::current().run(|| USER.set("in run"));
    let unset = OTHER.sync_scope("x", || USER.unset());
    let [there, run_there] = there;
    for (place, token) in [
        ("another thread", there),
        ("a run on another thread", run_there),
        ("a scope", in_scope),
        ("a run", in_run),
        ("an unset in a scope", unset),
    ] {
        let error = token.reset().expect_err(place);
        let token = refused(Err(error));
        refused(detached(|| token.reset()));
        assert!(!USER.is_set(), "{place}");
    }

    detached(|| {
        let token = USER.set("here");
        let token = refused(OTHER.sync_scope("x", || token.reset()));
        let token = refused(Context::current().run(|| token.reset()));
        let token = refused(inherit(|| token.reset())());
        let token = refused(on_a_thread(inherit(|| token.reset())));
        assert_eq!(USER.get(), "here");
        token.reset().unwrap();
    });
}

#[test]
fn token_is_good_in_a_later_run_of_its_context_on_any_thread_and_refused_by_a_copy() {
    let mut context = Context::new().with_value(&USER, "first");
    let [earlier, later] = ["second", "third"].map(|user| context.run(|| USER.set(user)));
    let mut copy = context.clone();
    let later = refused(copy.run(|| later.reset()));
    context.run(|| later.reset()).unwrap();
    let users = [&context, &copy].map(|context| context.get(&USER).copied());
    assert_eq!(users, [Some("second"), Some("third")]);
    let context = on_a_thread(move || {
        context.run(|| earlier.reset()).unwrap();
        context
    });
    assert_eq!(context.get(&USER), Some(&"first"));
}

#[tokio::test]
async fn token_of_one_poll_is_good_in_a_later_poll_of_the_same_future() {
    let work = async {
        let token = USER.set("alice");
        tokio::task::yield_now().await;
        assert_eq!(USER.get(), "alice");
        token.reset().unwrap();
        USER.is_set()
    };
    assert!(!work.inherit_context().await);
}

#[test]
fn token_keeps_the_old_value_and_gives_it_back_to_nobody_else() {
    let alive = Alive::default();
    detached(|| {
        TRACKED.set(alive.track());
        let token = TRACKED.set(alive.track());
        assert_eq!(alive.count(), 2);
        assert!(token.old_value().is_some());
        token.reset().unwrap();
        assert_eq!(alive.count(), 1, "the new value is gone");
        TRACKED.set(alive.track());
        assert_eq!(alive.count(), 1, "a dropped token gives up the old value");
    });
    assert_eq!(alive.count(), 0);
}

#[test]
fn debug_of_tokens_and_errors_shows_no_value() {
    // case 41
    detached(|| {
        LIST.set(vec![4711]);
        let token = LIST.set(vec![4712]);
        let error = detached(|| token.reset()).unwrap_err();
        for text in [format!("{error:?}"), error.to_string()] {
            assert!(text.contains("LIST") && !text.contains("471"), "{text}");
        }
    });
}

/// A type does the work of Racket's guards: a value that it cannot create cannot be set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level(u8);

static MADE: AtomicU32 = AtomicU32::new(0);

impl Level {
    fn new(level: u32) -> Result<Self, String> {
        MADE.fetch_add(1, Ordering::SeqCst);
        let narrow = u8::try_from(level);
        narrow.map(Self).map_err(|_| format!("{level} is too high"))
    }
}

#[test]
fn conversion_of_the_value_runs_once_a_store_and_fails_where_it_is_stored() {
    // case 51 and case 52: there is no guard of a variable; the value's type is it.
    let set = |level| Level::new(level).map(|level| LEVEL.set(level));
    detached(|| {
        let token = set(1).unwrap();
        assert_eq!(set(300).unwrap_err(), "300 is too high");
        assert_eq!(LEVEL.get(), Level(1));
        LEVEL.sync_scope(Level::new(2).unwrap(), || {
            drop(set(3).unwrap());
            assert_eq!(LEVEL.get(), Level(3), "the innermost binding alone");
        });
        assert_eq!(LEVEL.get(), Level(1));
        token.reset().unwrap();
        assert!(!LEVEL.is_set());
    });
    assert_eq!(MADE.load(Ordering::SeqCst), 4, "never at a restore");
}
