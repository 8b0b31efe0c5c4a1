//! `copy_context` and `run`.

use context_vars::Context;

use super::{NUMBER, Output, REQUEST_ID, USER_CONTEXT, USER_ID, admin};

/// `for var, value in copy_context().items():`
#[test]
fn copied_context_is_enumerated_by_name_and_value() {
    let _ = USER_ID.set("alice");
    let _ = REQUEST_ID.set("abc-123");
    let _ = USER_CONTEXT.set(admin());

    let out = Output::default();
    let context = Context::current();
    for entry in &context {
        out.print(format!("{} = {entry:?}", entry.name()));
    }
    out.expect([
        r#"REQUEST_ID = "abc-123""#,
        r#"USER_CONTEXT = {"admin": true}"#,
        r#"USER_ID = "alice""#,
    ]);

    assert_eq!(context.len(), 3);
    assert!(context.contains(&USER_ID));
    assert!(!context.contains(&NUMBER), "a default is no entry");
    let values = context.iter().filter_map(|entry| entry.downcast_ref());
    assert_eq!(values.collect::<Vec<&&str>>(), [&"abc-123", &"alice"]);
    assert_eq!(
        format!("{context:?}"),
        r#"{REQUEST_ID: "abc-123", USER_CONTEXT: {"admin": true}, USER_ID: "alice"}"#
    );
}
