//! Unset and tokens.

use context_vars::LookupError;

use super::{Output, REQUEST_ID};

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
