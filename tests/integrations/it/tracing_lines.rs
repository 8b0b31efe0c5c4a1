//! Whole lines that the real `tracing-subscriber` writes.

use context_vars::logs::{ContextFormat, KnownFormat};
use context_vars::{context_var, detached};
use tracing_subscriber::Registry;
use tracing_subscriber::fmt::format::{DefaultFields, Format, Full, Pretty};
use tracing_subscriber::fmt::{FormatEvent, FormatFields, SubscriberBuilder};

use crate::fields::ShownBy;
use crate::support::Output;

mod text;
mod json;
mod own_formats;
mod own_fields;
mod formatting;

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: &'static str;
    static RATIO: f64;
    static WIDE: i128;
    static SHOWN: ShownBy;
    static FLOOR: u8;
    static MESSAGE: &'static str;
    static TYPE: &'static str;
}

fn builder() -> SubscriberBuilder {
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE)
}

/// Lines without colours and times.
fn plain() -> SubscriberBuilder<DefaultFields, Format<Full, ()>> {
    builder().with_ansi(false).without_time()
}

/// Pretty events without colours, times and places.
fn plain_pretty() -> SubscriberBuilder<Pretty, Format<Pretty, ()>> {
    let pretty = plain().pretty();
    pretty.with_file(false).with_line_number(false)
}

/// Returns the output of a subscriber while `f` runs in a context with a user and a request.
fn written<N, E>(subscriber: SubscriberBuilder<N, E>, f: impl FnOnce()) -> String
where
    N: for<'a> FormatFields<'a> + Send + Sync + 'static,
    E: FormatEvent<Registry, N> + Send + Sync + 'static,
{
    let output = Output::default();
    let writer = output.clone();
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        detached(|| {
            REQUEST_ID.set(7);
            USER.set("alice".to_owned());
            f();
        });
    });
    output.text()
}

/// Returns that output with the variables in its format.
fn with_variables<N, E>(subscriber: SubscriberBuilder<N, E>, f: impl FnOnce()) -> String
where
    N: for<'a> FormatFields<'a> + Send + Sync + 'static,
    E: KnownFormat + FormatEvent<Registry, N> + Send + Sync + 'static,
{
    written(subscriber.map_event_format(ContextFormat::new), f)
}

/// Returns the only line of an output.
#[track_caller]
fn only_line(written: &str) -> &str {
    let (line, rest) = written.split_once('\n').unwrap();
    assert_eq!(rest, "", "after {line:?}");
    line
}
