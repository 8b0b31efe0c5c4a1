//! Values that log, and variables that are rendered, in the lines of `tracing`.

use std::fmt;

use context_vars::Fields;
use context_vars::logs::ContextFormat;
use serde_json::{Value, json};

use super::{PASSWORD, REQUEST_ID, SHOWN, USER, WIDE, builder, only_line, plain, written};
use crate::fields::{HOSTILE, ShownBy, check_fields, is_one_line};
use crate::support::run_alone;

const CASE: &str = "CONTEXT_VARS_VALUE_THAT_LOGS";

/// Does nothing as a test by itself. It is the process of the test below, because `tracing` drops
/// events inside of an event unless the subscriber is the process's.
#[test]
fn process_with_a_value_that_logs() {
    if std::env::var_os(CASE).is_none() {
        return;
    }
    let subscriber = plain().map_event_format(ContextFormat::new);
    subscriber.with_writer(std::io::stderr).init();
    let logs = ShownBy(|f| {
        tracing::warn!(target: "app", "inside");
        f.write_str("logged")
    });
    REQUEST_ID.sync_scope(7, || {
        SHOWN.sync_scope(logs, || {
            let span = tracing::info_span!(target: "app", "shop", floor = 2);
            span.in_scope(|| tracing::info!(target: "app", "outside"));
        });
    });
}

#[test]
fn value_that_logs_while_it_is_formatted_writes_a_line_without_variables_and_in_the_same_span() {
    let test = "tracing_lines::formatting::process_with_a_value_that_logs";
    assert_eq!(
        run_alone(test, CASE, ""),
        " WARN shop{floor=2}: app: inside\n \
         INFO shop{floor=2}: app: outside request_id=7 shown=logged\n"
    );
}

#[test]
fn rendered_variables_are_strings_of_json_and_one_value_in_text() {
    let fields = Fields::all()
        .render(&USER, |user, out| write!(out, "{user}!"))
        .render(&REQUEST_ID, fmt::LowerHex::fmt)
        .render(&WIDE, |_, _| Err(fmt::Error))
        .render(&PASSWORD, |password, out| out.write_str(password));
    for text in HOSTILE {
        let event = || {
            REQUEST_ID.set(255);
            WIDE.set(1);
            PASSWORD.set("secret");
            USER.sync_scope(text.to_owned(), || tracing::info!("accepted"));
        };
        let user = format!("{text}!");
        let format = |format| ContextFormat::new(format).fields(fields.clone());
        let json = written(builder().json().map_event_format(format), event);
        let line = only_line(&json);
        assert!(is_one_line(line), "{line:?}");
        let parsed: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            parsed["context"],
            json!({"password": "***", "request_id": "ff", "user": user, "wide": ""})
        );

        let format = |format| ContextFormat::new(format).fields(fields.clone());
        let text = written(plain().map_event_format(format), event);
        let (start, shown) = only_line(&text).split_once("accepted ").unwrap();
        assert!(is_one_line(start), "{start:?}");
        check_fields(
            shown,
            &[
                ("password", "***"),
                ("request_id", "ff"),
                ("user", &user),
                ("wide", ""),
            ],
        );
    }
}
