//! Values that log, and variables that are rendered, in the lines of `tracing`.

use std::fmt;
use std::process::Command;

use context_vars::logs::ContextFormat;
use context_vars::{Fields, detached};
use serde_json::{Value, json};

use super::{LOGS, PASSWORD, REQUEST_ID, USER, WIDE, builder};
use crate::fields::{HOSTILE, is_one_line};
use crate::support::Output;

/// Writes an event while it is formatted.
pub struct Logs;

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::warn!(target: "app", "inside");
        f.write_str("logged")
    }
}

const CASE: &str = "CONTEXT_VARS_VALUE_THAT_LOGS";

/// Does nothing as a test by itself. It is the process of the test below, because `tracing` drops
/// events inside of an event unless the subscriber is the process's.
#[test]
fn process_with_a_value_that_logs() {
    if std::env::var_os(CASE).is_none() {
        return;
    }
    let subscriber = builder().with_ansi(false).without_time();
    let subscriber = subscriber.with_writer(std::io::stderr);
    subscriber.map_event_format(ContextFormat::new).init();
    REQUEST_ID.sync_scope(7, || {
        LOGS.sync_scope(Logs, || {
            let span = tracing::info_span!(target: "app", "shop", floor = 2);
            span.in_scope(|| tracing::info!(target: "app", "outside"));
        });
    });
}

#[test]
fn value_that_logs_while_it_is_formatted_writes_a_line_without_variables_and_in_the_same_span() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tracing_lines::formatting::process_with_a_value_that_logs",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(CASE, "")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        " WARN shop{floor=2}: app: inside\n \
         INFO shop{floor=2}: app: outside logs=logged request_id=7\n"
    );
}

fn rendering() -> Fields {
    Fields::all()
        .render(&USER, |user, out| write!(out, "{user}!"))
        .render(&REQUEST_ID, fmt::LowerHex::fmt)
        .render(&WIDE, |_, _| Err(fmt::Error))
        .render(&PASSWORD, |password, out| out.write_str(password))
}

#[test]
fn rendered_variables_are_strings_of_json_and_one_value_in_text() {
    for text in HOSTILE {
        let event = || {
            REQUEST_ID.set(255);
            WIDE.set(1);
            PASSWORD.set("secret");
            USER.sync_scope(text.to_owned(), || tracing::info!("accepted"));
        };
        let format = |format| ContextFormat::new(format).fields(rendering());
        let written = written!(builder().json().map_event_format(format), event);
        let (line, rest) = written.split_once('\n').unwrap();
        assert!(rest.is_empty() && is_one_line(line), "{written:?}");
        let event_written: Value = serde_json::from_str(line).unwrap();
        let user = format!("{text}!");
        assert_eq!(
            event_written["context"],
            json!({"password": "***", "request_id": "ff", "user": user, "wide": ""})
        );

        let format = |format| ContextFormat::new(format).fields(rendering());
        let subscriber = builder().with_ansi(false).map_event_format(format);
        let written = written!(subscriber, event);
        let (line, rest) = written.split_once('\n').unwrap();
        assert!(rest.is_empty() && is_one_line(line), "{written:?}");
        let (_, fields) = line.split_once("accepted ").unwrap();
        let expected = [
            ("password", "***"),
            ("request_id", "ff"),
            ("user", &*user),
            ("wide", ""),
        ];
        assert_eq!(
            crate::fields::read_fields(fields),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
