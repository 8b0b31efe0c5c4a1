//! Unset, fallback, tokens.

use context_vars::LookupError;

use super::{NUMBER, Output, REQUEST_ID, USER_ID};

#[test]
fn two_sets_two_resets_then_lookup_error() {
    fn show(out: &Output) {
        match REQUEST_ID.try_get() {
            Ok(id) => out.print(id),
            Err(LookupError { .. }) => out.print("Variable has no value"),
        }
    }

    let out = Output::default();
    let first = REQUEST_ID.set("first");
    show(&out);
    let second = REQUEST_ID.set("second");
    show(&out);
    REQUEST_ID.reset(second).unwrap();
    show(&out);
    REQUEST_ID.reset(first).unwrap();
    show(&out);
    out.expect(["first", "second", "first", "Variable has no value"]);
}

#[test]
fn get_with_a_fallback() {
    assert_eq!(REQUEST_ID.get_or("none"), "none");
    assert_eq!(NUMBER.get_or(7), 7, "the fallback wins over the default");
    assert_eq!(NUMBER.get_or_else(|| 7), 7);
    REQUEST_ID.sync_scope("abc-123", || {
        assert_eq!(REQUEST_ID.get_or("none"), "abc-123");
        assert_eq!(REQUEST_ID.get_or_else(|| unreachable!()), "abc-123");
    });
}

#[test]
fn token_knows_its_variable_and_the_old_value() {
    let first = USER_ID.set("alice");
    let second = USER_ID.set("bob");

    assert!(std::ptr::eq(first.var(), &USER_ID));
    assert_eq!(first.var().name(), "USER_ID");
    assert_eq!(first.old_value(), None, "a default does not count");
    assert_eq!(second.old_value(), Some(&"alice"));

    second.var().reset(second).unwrap();
    assert_eq!(USER_ID.get(), "alice");
    first.reset().unwrap();
    assert_eq!(USER_ID.get(), "anonymous");
}
