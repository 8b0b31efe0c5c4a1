//! Lines of text.

use context_vars::logs::ContextFormat;
use context_vars::{Fields, detached};
use tracing_subscriber::fmt::format::FmtSpan;

use super::{PASSWORD, USER, builder, only_line, plain, with_variables, written};
use crate::fields::{HOSTILE, is_one_line};

#[test]
fn colours_are_those_of_the_layer() {
    let coloured = || builder().with_ansi(true).without_time();
    let event = || tracing::info!(target: "app", "accepted");
    let bare = written(coloured(), event);
    assert!(bare.contains("\x1b[32m INFO\x1b[0m"), "{bare:?}");
    let name = |name: &str| format!("\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m");
    let (request_id, user) = (name("request_id"), name("user"));
    let expected = format!("{} {request_id}7 {user}\"alice\"\n", bare.trim_end());
    assert_eq!(with_variables(coloured(), event), expected);

    let bare = written(coloured().pretty(), event);
    let vars =
        "    \x1b[2;3mwith\x1b[0m \x1b[1mrequest_id\x1b[0m: 7, \x1b[1muser\x1b[0m: \"alice\"";
    let expected = format!("{}\n{vars}\n\n", bare.trim_end());
    assert_eq!(with_variables(coloured().pretty(), event), expected);
}

#[test]
fn events_without_fields_have_one_blank_before_the_variables() {
    let nothing_else = plain().with_level(false).with_target(false);
    let line = with_variables(nothing_else, || tracing::info!({}));
    assert_eq!(line, "request_id=7 user=\"alice\"\n");
    let line = with_variables(
        plain(),
        || tracing::info!(target: "app", nothing = tracing::field::Empty),
    );
    assert_eq!(line, " INFO app: request_id=7 user=\"alice\"\n");
}

#[test]
fn line_without_variables_is_the_format_s_own() {
    let event = || tracing::info!(target: "app", items = 3, "accepted");
    for ansi in [false, true] {
        let subscriber = || plain().with_ansi(ansi);
        let bare = written(subscriber(), event);
        assert_eq!(with_variables(subscriber(), || detached(event)), bare);
        let none = |format| ContextFormat::new(format).fields(Fields::all().only([]));
        assert_eq!(written(subscriber().map_event_format(none), event), bare);
    }
}

#[test]
fn chosen_and_redacted_variables() {
    let event = || {
        PASSWORD.set("secret");
        tracing::info!(target: "app", "accepted");
    };
    let format = |format| ContextFormat::new(format).fields(Fields::all().except([&USER]));
    let text = written(plain().map_event_format(format), event);
    assert_eq!(text, " INFO app: accepted password=*** request_id=7\n");
    let format = |format| ContextFormat::new(format).fields(Fields::all().only([&PASSWORD]));
    let json = written(builder().json().map_event_format(format), event);
    let end = ",\"context\":{\"password\":\"***\"}}\n";
    assert!(json.ends_with(end), "{json}");
}

#[test]
fn hostile_values_keep_one_line_of_text() {
    for text in HOSTILE {
        for ansi in [false, true] {
            let written = with_variables(plain().with_ansi(ansi), || {
                USER.sync_scope(text.to_owned(), || tracing::info!("accepted"));
            });
            let value = only_line(&written).rsplit_once("request_id").unwrap().1;
            let value = value.split_once("user").unwrap().1;
            let value = value.trim_start_matches("\x1b[0m\x1b[2m=\x1b[0m");
            assert!(is_one_line(value), "{value:?}");
        }
    }
}

#[test]
fn events_of_spans_have_the_variables_too() {
    let written = with_variables(plain().with_span_events(FmtSpan::NEW), || {
        drop(tracing::info_span!(target: "app", "shop"));
    });
    let line = " INFO shop: app: new request_id=7 user=\"alice\"\n";
    assert_eq!(written, line);
}
