//! A crate that is built without the macros works on the variables of one that has them.

use context_vars::context_var;
use context_vars_receiver::{greet, greet_in_a_copy, on_behalf_of};

context_var! {
    static USER: String = "nobody".to_owned();
}

#[tokio::test]
async fn library_without_the_macros_serves_variables_it_receives() {
    assert_eq!(greet(&USER), "hello nobody");
    assert_eq!(on_behalf_of(&USER, "alice", || greet(&USER)), "hello alice");
    assert_eq!(greet_in_a_copy(&USER, "bob").await, "hello bob");
    assert!(!USER.is_set());
}
