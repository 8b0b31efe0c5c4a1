//! Formats of a user's own.

use std::fmt;

use context_vars::logs::ContextFormat;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{self, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::{builder, written};

/// A format that a user has written, with another ending of the line.
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
        assert_eq!(written(subscriber, event), expected);
    }
    let json = ",\"context\":{\"request_id\":7,\"user\":\"alice\"}}";
    for (own, expected) in [
        ("{\"a\":1}\n", format!("{{\"a\":1{json}\n")),
        ("{\"a\":1}", format!("{{\"a\":1{json}")),
        ("{}\n", format!("{{{}\n", &json[1..])),
        ("no object\n", "no object\n".to_owned()),
    ] {
        let subscriber = builder().event_format(ContextFormat::json(Own(own)));
        assert_eq!(written(subscriber, event), expected);
    }
}

#[test]
fn wrapped_format_can_be_made_by_hand_and_named() {
    let format: ContextFormat<Format<format::Full, ()>> =
        ContextFormat::new(format::format().without_time());
    let subscriber = builder().with_ansi(false).event_format(format.clone());
    let written = written(subscriber, || tracing::info!(target: "app", "accepted"));
    assert_eq!(written, " INFO app: accepted request_id=7 user=\"alice\"\n");
}
