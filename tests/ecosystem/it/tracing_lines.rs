//! Whole lines that the real `tracing-subscriber` writes.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use context_vars::logs::ContextFormat;
use context_vars::{Fields, context_var, isolated};
use serde_json::{Value, json};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{self, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, SubscriberBuilder};
use tracing_subscriber::registry::LookupSpan;

use crate::fields::{HOSTILE, Shows, is_one_line};

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: &'static str;
    static RATIO: f64;
    static WIDE: i128;
    static SHOWS: Shows;
}

/// What was written.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Builder = SubscriberBuilder;

fn builder() -> Builder {
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE)
}

/// What a subscriber writes while `f` runs in a context with a user and a request.
macro_rules! written {
    ($subscriber:expr, $f:expr) => {{
        let output = Output::default();
        let writer = output.clone();
        let subscriber = $subscriber.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            isolated(|| {
                drop(REQUEST_ID.set(7));
                drop(USER.set("alice".to_owned()));
                $f()
            })
        });
        let bytes = std::mem::take(&mut *output.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }};
}

/// An event outside and one inside of a span.
fn two_events() {
    tracing::info!(target: "app", items = 3, "accepted");
    let span = tracing::info_span!(target: "app", "shop", floor = 2);
    span.in_scope(|| tracing::warn!(target: "app", "sold out"));
}

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
fn json_objects_have_the_variables_typed_under_a_key() {
    let subscriber = builder().json().without_time();
    let written = written!(subscriber.map_event_format(ContextFormat::new), || {
        drop(RATIO.set(0.5));
        drop(WIDE.set(-1));
        two_events()
    });
    let context = r#""context":{"ratio":0.5,"request_id":7,"user":"alice","wide":-1}"#;
    assert_eq!(
        written,
        format!(
            "{{\"level\":\"INFO\",\"fields\":{{\"message\":\"accepted\",\"items\":3}},\
             \"target\":\"app\",{context}}}\n\
             {{\"level\":\"WARN\",\"fields\":{{\"message\":\"sold out\"}},\"target\":\"app\",\
             \"span\":{{\"floor\":2,\"name\":\"shop\"}},\
             \"spans\":[{{\"floor\":2,\"name\":\"shop\"}}],{context}}}\n"
        )
    );
}

#[test]
fn flattened_and_empty_objects_stay_valid_under_a_key_of_ones_own() {
    let subscriber = builder()
        .json()
        .flatten_event(true)
        .without_time()
        .with_level(false);
    let subscriber = subscriber
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false);
    let format = |format| ContextFormat::new(format).key("vars");
    let written = written!(subscriber.map_event_format(format), || {
        tracing::info!(context = "own", "hello }}");
        tracing::info!({});
    });
    assert_eq!(
        written,
        "{\"message\":\"hello }\",\"context\":\"own\",\"vars\":{\"request_id\":7,\"user\":\"alice\"}}\n\
         {\"vars\":{\"request_id\":7,\"user\":\"alice\"}}\n"
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
        let event = || isolated(|| tracing::info!(target: "app", items = 3, "accepted"));
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
        drop(PASSWORD.set("secret"));
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
fn hostile_values_are_one_string_of_json() {
    for text in HOSTILE
        .iter()
        .map(|text| text.to_string())
        .chain(["x\n\"".repeat(1 << 18)])
    {
        let written = written!(
            builder().json().map_event_format(ContextFormat::new),
            || {
                USER.sync_scope(text.clone(), || tracing::info!("accepted"));
            }
        );
        let (line, rest) = written.split_once('\n').unwrap();
        assert_eq!(rest, "");
        assert!(is_one_line(line));
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["context"], json!({"request_id": 7, "user": text}));
        assert_eq!(event.as_object().unwrap().len(), 5, "no key was forged");
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
            drop(SHOWS.set(fails));
            tracing::info!("accepted");
        }
    );
    let event: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(event["context"]["shows"], "half");
}

#[test]
fn numbers_that_json_has_no_word_for_are_strings() {
    for (value, shown) in [
        (f64::NAN, "\"NaN\""),
        (f64::INFINITY, "\"inf\""),
        (1e300, ""),
    ] {
        let written = written!(
            builder().json().map_event_format(ContextFormat::new),
            || {
                drop(RATIO.set(value));
                tracing::info!("accepted");
            }
        );
        let event: Value = serde_json::from_str(&written).unwrap();
        match shown {
            "" => assert_eq!(event["context"]["ratio"].as_f64(), Some(value)),
            _ => assert_eq!(event["context"]["ratio"].to_string(), shown),
        }
    }
}

/// A format of a user's own, with an ending of its own.
#[derive(Clone)]
struct Own(&'static str);

impl<S, N> FormatEvent<S, N> for Own
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        _: &Event<'_>,
    ) -> fmt::Result {
        assert!(!writer.has_ansi_escapes());
        writer.write_str(self.0)
    }
}

#[test]
fn formats_of_ones_own_are_wrapped_as_text_or_json() {
    let event = || tracing::info!("unseen");
    let text = " request_id=7 user=\"alice\"";
    for (own, expected) in [
        ("own\n", format!("own{text}\n")),
        ("own", format!("own{text}")),
        ("{a}\n", format!("{{a}}{text}\n")),
    ] {
        let subscriber = builder().event_format(ContextFormat::text(Own(own)));
        assert_eq!(written!(subscriber, event), expected);
    }
    let json = ",\"context\":{\"request_id\":7,\"user\":\"alice\"}}";
    for (own, expected) in [
        ("{\"a\":1}\n", format!("{{\"a\":1{json}\n")),
        ("{\"a\":1}", format!("{{\"a\":1{json}")),
        ("{}\n", format!("{{{}\n", &json[1..])),
        ("no object\n", "no object\n".to_owned()),
    ] {
        let subscriber = builder().event_format(ContextFormat::json(Own(own)));
        assert_eq!(written!(subscriber, event), expected);
    }
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

#[test]
fn wrapped_format_can_be_made_by_hand_and_named() {
    let format: ContextFormat<Format<format::Full, ()>> =
        ContextFormat::new(format::format().without_time());
    let subscriber = builder().with_ansi(false).event_format(format.clone());
    let written = written!(subscriber, || tracing::info!(target: "app", "accepted"));
    assert_eq!(written, " INFO app: accepted request_id=7 user=\"alice\"\n");
}
