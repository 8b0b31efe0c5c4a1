//! A structure, temporarily replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};

use context_vars::with_context;

use super::{Output, USER_CONTEXT, admin};

fn show_privileges(out: &Output) {
    out.print(USER_CONTEXT.with(|privileges| format!("{privileges:?}")));
}

#[test]
fn structure_is_replaced_by_admin_privileges_and_put_back() {
    #[with_context(user_context = admin())]
    fn with_admin_privileges(out: &Output) {
        show_privileges(out);
    }

    let out = Output::default();
    show_privileges(&out);
    with_admin_privileges(&out);
    show_privileges(&out);
    USER_CONTEXT.sync_scope(admin(), || show_privileges(&out));
    show_privileges(&out);
    out.expect([
        r#"{"guest": true}"#,
        r#"{"admin": true}"#,
        r#"{"guest": true}"#,
        r#"{"admin": true}"#,
        r#"{"guest": true}"#,
    ]);
}

#[test]
fn structure_is_put_back_also_when_the_body_fails() {
    #[with_context(user_context = admin())]
    fn with_admin_privileges(out: &Output, number: &str) -> Result<u8, std::num::ParseIntError> {
        show_privileges(out);
        let number = number.parse()?;
        assert!(number < 100, "{number} is too much");
        Ok(number)
    }

    let out = Output::default();
    assert!(with_admin_privileges(&out, "many").is_err());
    show_privileges(&out);
    let body = AssertUnwindSafe(|| with_admin_privileges(&out, "101"));
    assert!(catch_unwind(body).is_err());
    show_privileges(&out);
    assert_eq!(with_admin_privileges(&out, "7"), Ok(7));
    show_privileges(&out);
    out.expect([
        r#"{"admin": true}"#,
        r#"{"guest": true}"#,
        r#"{"admin": true}"#,
        r#"{"guest": true}"#,
        r#"{"admin": true}"#,
        r#"{"guest": true}"#,
    ]);
}
