//! Lines of text.

use context_vars::logs::ContextFormat;
use context_vars::{Fields, detached};
use serde_json::Value;
use tracing_subscriber::fmt::format;

use super::{PASSWORD, REQUEST_ID, SHOWS, USER, builder, two_events};
use crate::fields::{HOSTILE, Shows, is_one_line};
use crate::support::Output;

#[test]
fn full_lines_end_with_the_variables() {
    let subscriber = builder().with_ansi(false).without_time();
    let written = written!(subscriber.map_event_format(ContextFormat::new), two_events);
    assert_eq!(
        written,
        " INFO app: accepted items=3 request_id=7 user=\"alice\"\n \
         WARN shop{floor=2}: app: sold out request_id=7 user=\"alice\"\n"
    );
}

#[test]
fn compact_lines_end_with_the_variables() {
    let subscriber = builder().with_ansi(false).without_time().compact();
    let written = written!(subscriber.map_event_format(ContextFormat::new), two_events);
    assert_eq!(
        written,
        " INFO app: accepted items=3 request_id=7 user=\"alice\"\n \
         WARN shop: app: sold out floor=2 request_id=7 user=\"alice\"\n"
    );
}

#[test]
fn pretty_events_have_a_line_with_the_variables() {
    let subscriber = builder()
        .pretty()
        .with_ansi(false)
        .without_time()
        .with_file(false);
    let subscriber = subscriber.with_line_number(false);
    let written = written!(subscriber.map_event_format(ContextFormat::new), two_events);
    assert_eq!(
        written,
        "   INFO app: accepted, items: 3\n    with request_id: 7, user: \"alice\"\n\n   \
         WARN app: sold out\n    in app::shop with floor: 2\n    \
         with request_id: 7, user: \"alice\"\n\n"
    );
}

#[test]
fn colours_are_those_of_the_layer() {
    let name = |name: &str| format!("\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m");
    let event = || tracing::info!(target: "app", "accepted");
    let full = written!(
        builder()
            .with_ansi(true)
            .without_time()
            .map_event_format(ContextFormat::new),
        event
    );
    let bare = written!(builder().with_ansi(true).without_time(), event);
    let expected = format!(
        "{} {}7 {}\"alice\"\n",
        bare.trim_end(),
        name("request_id"),
        name("user")
    );
    assert_eq!(full, expected);
    assert!(bare.contains("\x1b[32m INFO\x1b[0m"), "{bare:?}");

    let pretty = builder().pretty().with_ansi(true).without_time();
    let bare = written!(builder().pretty().with_ansi(true).without_time(), event);
    let pretty = written!(pretty.map_event_format(ContextFormat::new), event);
    let vars =
        "    \x1b[2;3mwith\x1b[0m \x1b[1mrequest_id\x1b[0m: 7, \x1b[1muser\x1b[0m: \"alice\"\n";
    // The events stand on different lines of this file.
    let lines = |text: &str| {
        text.lines()
            .filter(|l| !l.contains("at"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&bare)[0], lines(&pretty)[0]);
    assert!(pretty.ends_with(&format!("{vars}\n")), "{pretty:?}");
}

#[test]
fn events_without_fields_have_one_blank_before_the_variables() {
    let subscriber = builder()
        .with_ansi(false)
        .without_time()
        .with_level(false)
        .with_target(false);
    let written = written!(
        subscriber.map_event_format(ContextFormat::new),
        || tracing::info!({})
    );
    assert_eq!(written, "request_id=7 user=\"alice\"\n");
    let subscriber = builder().with_ansi(false).without_time();
    let written = written!(
        subscriber.map_event_format(ContextFormat::new),
        || tracing::info!(target: "app", nothing = tracing::field::Empty)
    );
    assert_eq!(written, " INFO app: request_id=7 user=\"alice\"\n");
}

#[test]
fn line_without_variables_is_the_format_s_own() {
    for ansi in [false, true] {
        let event = || detached(|| tracing::info!(target: "app", items = 3, "accepted"));
        let bare = written!(builder().with_ansi(ansi).without_time(), event);
        let subscriber = builder().with_ansi(ansi).without_time();
        let wrapped = written!(subscriber.map_event_format(ContextFormat::new), event);
        assert_eq!(bare, wrapped);
        let none = |format| ContextFormat::new(format).fields(Fields::all().only([]));
        let subscriber = builder().with_ansi(ansi).without_time();
        let chosen = written!(subscriber.map_event_format(none), event);
        assert_eq!(bare, chosen);
    }
}

#[test]
fn chosen_and_redacted_variables() {
    let subscriber = builder().with_ansi(false).without_time();
    let format = |format| ContextFormat::new(format).fields(Fields::all().except([&USER]));
    let event = || {
        PASSWORD.set("secret");
        tracing::info!(target: "app", "accepted");
    };
    let written = written!(subscriber.map_event_format(format), event);
    assert_eq!(written, " INFO app: accepted password=*** request_id=7\n");
    let subscriber = builder().json().without_time();
    let format = |format| ContextFormat::new(format).fields(Fields::all().only([&PASSWORD]));
    let written = written!(subscriber.map_event_format(format), event);
    assert!(
        written.ends_with(",\"context\":{\"password\":\"***\"}}\n"),
        "{written}"
    );
}

#[test]
fn hostile_values_keep_one_line_of_text() {
    for text in HOSTILE {
        for ansi in [false, true] {
            let subscriber = builder().with_ansi(ansi).without_time();
            let written = written!(subscriber.map_event_format(ContextFormat::new), || {
                USER.sync_scope(text.to_owned(), || tracing::info!("accepted"));
            });
            let (line, rest) = written.split_once('\n').unwrap();
            assert_eq!(rest, "", "{text:?}");
            let value = line.rsplit_once("request_id").unwrap().1;
            let value = value.split_once("user").unwrap().1;
            let value = value.trim_start_matches("\x1b[0m\x1b[2m=\x1b[0m");
            assert!(is_one_line(value), "{value:?}");
        }
    }
}

#[test]
fn display_that_fails_spoils_no_line() {
    let fails = Shows {
        text: "half",
        fails: true,
    };
    let written = written!(
        builder().json().map_event_format(ContextFormat::new),
        || {
            SHOWS.set(fails);
            tracing::info!("accepted");
        }
    );
    let event: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(event["context"]["shows"], "half");
}

#[test]
fn events_of_spans_have_the_variables_too() {
    let subscriber = builder().with_ansi(false).without_time();
    let subscriber = subscriber.with_span_events(format::FmtSpan::NEW);
    let written = written!(subscriber.map_event_format(ContextFormat::new), || {
        drop(tracing::info_span!(target: "app", "shop"));
    });
    assert_eq!(
        written,
        " INFO shop: app: new request_id=7 user=\"alice\"\n"
    );
}
