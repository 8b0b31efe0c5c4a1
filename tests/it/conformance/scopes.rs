//! Section C: scopes.

use std::sync::Arc;

use context_vars::{Context, context_var, with_context};

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    static OBJECT: Arc<str>;
}

#[with_context(user = name.to_owned(), request_id = id)]
fn both(name: &str, id: u64) -> (String, Option<u64>, usize) {
    let seen = (USER.get(), REQUEST_ID.try_get().ok());
    (seen.0, seen.1, Context::current().len())
}

#[test]
fn variables_of_one_scope_come_and_go_together() {
    // case 69
    assert_eq!(both("alice", 7), ("alice".to_owned(), Some(7), 2));
    assert!(!USER.is_set() && !REQUEST_ID.is_set());
}

#[test]
fn stored_object_is_the_same_object() {
    // case 76
    let object: Arc<str> = "object".into();
    OBJECT.sync_scope(object.clone(), || {
        assert!(Arc::ptr_eq(&OBJECT.get(), &object));
    });
}
