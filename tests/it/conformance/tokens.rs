//! Section B: set, reset, tokens, and what other systems need guards for.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};

use context_vars::{Context, ResetErrorKind, Token, context_var, isolated, prelude::*};

use crate::support::{panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static DEPTH: u32;
    static LEVEL: Level;
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
fn scope_that_has_ended_cannot_end_again() {
    // case 42: a closure ends once. A future that is asked again panics and changes nothing.
    let mut outer = pin!(USER.scope("outer", async {
        let mut inner = pin!(USER.scope("inner", async { USER.get() }));
        assert!(poll_once(inner.as_mut()).is_ready());
        assert_eq!(USER.get(), "outer");
        let again = panic_of(|| poll_once(inner.as_mut()));
        assert!(again.contains("after it had completed"), "{again}");
        USER.get()
    }));
    assert!(poll_once(outer.as_mut()).is_ready());
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn outer_scope_that_ends_before_the_inner_one_disturbs_neither() {
    // case 44: elsewhere this is a mistake and worth a diagnostic; a future keeps its context, so
    // here it is none.
    let mut inner = Box::pin(USER.scope("inner", async {
        yield_once().await;
        USER.get()
    }));
    let mut outer = Box::pin(USER.scope("outer", async {
        assert!(poll_once(inner.as_mut()).is_pending());
        yield_once().await;
    }));
    assert!(poll_once(outer.as_mut()).is_pending());
    drop(outer);
    assert_eq!(USER.get(), "anonymous");
    assert!(poll_once(inner.as_mut()).is_ready());
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn tokens_of_nowhere_are_refused_without_a_panic() {
    // case 46: the base level, a scope that is gone, another thread's, and twice the same.
    let gone = DEPTH.sync_scope(1, || DEPTH.set(2));
    let elsewhere = std::thread::spawn(|| DEPTH.set(3)).join().unwrap();
    for token in [gone, elsewhere] {
        let error = token.reset().unwrap_err();
        assert_eq!(error.kind(), ResetErrorKind::OtherContext);
        let error = isolated(|| error.into_token().reset()).unwrap_err();
        assert_eq!(error.kind(), ResetErrorKind::OtherContext);
    }
    assert!(!DEPTH.is_set());
}

#[test]
fn same_context_entered_twice_is_two_copies() {
    // case 47: one handle cannot be entered twice (it does not compile); a copy of it can.
    let mut first = Context::new().with_value(&USER, "alice");
    let mut second = first.clone();
    first.run(|| {
        second.run(|| {
            assert_eq!(USER.get(), "alice");
            drop(USER.set("inner"));
        });
        assert_eq!(USER.get(), "alice");
    });
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn token_of_a_context_that_was_never_entered_here_says_so_and_changes_nothing() {
    // case 49
    let mut context = Context::new();
    let token = std::thread::spawn(move || context.run(|| USER.set("there")));
    USER.sync_scope("here", || {
        let error = token.join().unwrap().reset().unwrap_err();
        assert!(error.to_string().contains("in another context"), "{error}");
        assert_eq!(USER.get(), "here");
    });
}

/// What Racket's guards do, a type does: nobody can set what it does not let be made.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level(u8);

static MADE: AtomicU32 = AtomicU32::new(0);

impl Level {
    fn new(level: u32) -> Result<Self, String> {
        MADE.fetch_add(1, Ordering::SeqCst);
        let level = u8::try_from(level).map_err(|_| format!("{level} is too high"))?;
        Ok(Self(level))
    }
}

fn set_level(level: u32) -> Result<Token<Level>, String> {
    Ok(LEVEL.set(Level::new(level)?))
}

#[test]
fn conversion_of_the_value_runs_once_a_store_and_fails_where_it_is_stored() {
    // case 51 and case 52: there is no guard of a variable; the value's type is it.
    isolated(|| {
        let before = MADE.load(Ordering::SeqCst);
        let token = set_level(1).unwrap();
        assert_eq!(set_level(300).unwrap_err(), "300 is too high");
        assert_eq!(LEVEL.get(), Level(1));
        LEVEL.sync_scope(Level::new(2).unwrap(), || {
            drop(set_level(3).unwrap());
            assert_eq!(LEVEL.get(), Level(3), "the innermost binding alone");
        });
        assert_eq!(LEVEL.get(), Level(1));
        token.reset().unwrap();
        assert!(!LEVEL.is_set());
        assert_eq!(
            MADE.load(Ordering::SeqCst) - before,
            4,
            "never at a restore"
        );
    });
}

#[test]
fn removing_restores_the_initial_value_for_every_way_to_read() {
    // case 56
    isolated(|| {
        let token = USER.set("alice");
        token.reset().unwrap();
        assert_eq!(
            (USER.get(), Context::current().get(&USER)),
            ("anonymous", None)
        );
    });
    let mut without = Context::new().with_value(&USER, "alice").without(&USER);
    assert_eq!(
        without.run(|| (USER.get(), USER.is_set())),
        ("anonymous", false)
    );
    let mut future = pin!(async { USER.get() }.in_context(without));
    assert_eq!(
        poll_once(future.as_mut()),
        std::task::Poll::Ready("anonymous")
    );
}
