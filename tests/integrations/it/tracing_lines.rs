//! Whole lines that the real `tracing-subscriber` writes.

use context_vars::context_var;
use tracing_subscriber::fmt::SubscriberBuilder;

use crate::fields::Shows;

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: &'static str;
    static RATIO: f64;
    static WIDE: i128;
    static SHOWS: Shows;
    static FLOOR: u8;
    static MESSAGE: &'static str;
    static TYPE: &'static str;
    static LOGS: formatting::Logs;
}

type Builder = SubscriberBuilder;

fn builder() -> Builder {
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE)
}

/// Returns the output of a subscriber while `f` runs in a context with a user and a request.
macro_rules! written {
    ($subscriber:expr, $f:expr) => {{
        let output = Output::default();
        let writer = output.clone();
        let subscriber = $subscriber.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            detached(|| {
                REQUEST_ID.set(7);
                USER.set("alice".to_owned());
                $f()
            })
        });
        output.text()
    }};
}

mod text;
mod json;
mod own_formats;
mod own_fields;
mod formatting;

/// An event outside and one inside of a span.
fn two_events() {
    tracing::info!(target: "app", items = 3, "accepted");
    let span = tracing::info_span!(target: "app", "shop", floor = 2);
    span.in_scope(|| tracing::warn!(target: "app", "sold out"));
}
