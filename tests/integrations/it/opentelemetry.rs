//! Baggage to and from the real OpenTelemetry for Rust.

use std::collections::HashMap;

use context_vars::propagation::{Baggage, Propagator};
use context_vars::{Context, context_var};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_sdk::propagation::BaggagePropagator;

use crate::propagation::TEXTS;

context_var! {
    static TENANT: String;
    static USER: String;
}

fn ours() -> Propagator {
    Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant").max_len(8192))
        .baggage(Baggage::new(&USER, "user").max_len(8192))
        .build()
}

fn to_otel(text: &str) -> OtelContext {
    let context = Context::new()
        .with_value(&TENANT, text.to_owned())
        .with_value(&USER, "u".to_owned());
    let mut carrier = HashMap::new();
    ours().inject(&context, &mut carrier);
    BaggagePropagator::new().extract_with_context(&OtelContext::new(), &carrier)
}

/// Returns the value of a member, as OpenTelemetry read it.
fn read(context: &OtelContext, key: &str) -> Option<String> {
    context.baggage().get(key).map(ToString::to_string)
}

/// Returns the headers of a message from OpenTelemetry.
fn by_otel<const N: usize>(pairs: [(&'static str, &str); N]) -> HashMap<String, String> {
    let pairs = pairs.map(|(key, value)| KeyValue::new(key, value.to_owned()));
    let mut carrier = HashMap::new();
    BaggagePropagator::new().inject_context(&OtelContext::new().with_baggage(pairs), &mut carrier);
    carrier
}

/// Returns the tenant that we read in a message from OpenTelemetry, and the number of rejections.
fn from_otel(tenant: &str) -> (Option<String>, u64) {
    let ours = ours();
    let carrier = by_otel([("tenant", tenant), ("other", "x")]);
    let context = ours.extract(Context::new(), &carrier);
    (context.get(&TENANT).cloned(), ours.rejections())
}

#[test]
fn opentelemetry_reads_what_we_send() {
    for text in TEXTS.into_iter().chain(["100%41"]) {
        let context = to_otel(text);
        assert_eq!(read(&context, "tenant").as_deref(), Some(text));
        assert_eq!(read(&context, "user").as_deref(), Some("u"));
    }
}

#[test]
fn members_of_opentelemetry_and_ours_go_out_together() {
    let mut carrier = by_otel([
        ("region", "a b;c,d"),
        ("tenant", "theirs"),
        ("user", "theirs"),
    ]);
    let context = Context::new().with_value(&TENANT, "ours".to_owned());
    ours().inject(&context, &mut carrier);
    let context = BaggagePropagator::new().extract_with_context(&OtelContext::new(), &carrier);
    let seen = ["region", "tenant", "user"].map(|key| read(&context, key));
    let expected = [Some("a b;c,d"), Some("ours"), None];
    assert_eq!(seen.each_ref().map(Option::as_deref), expected);
}

#[test]
fn we_read_what_opentelemetry_sends() {
    for text in TEXTS {
        assert_eq!(from_otel(text), (Some(text.to_owned()), 0));
    }
}

#[test]
fn what_opentelemetry_for_rust_does_not_carry_is_known() {
    // It does not escape a `%`, and reads its own `%41` as `A`.
    assert_eq!(from_otel("%41"), (Some("A".to_owned()), 0));
    assert_eq!(from_otel("100%"), (None, 1));
    // It trims values that it reads.
    assert_eq!(read(&to_otel(" a "), "tenant").unwrap(), "a");
}

#[test]
fn both_sides_keep_the_limits_of_the_other() {
    let long = "x".repeat(8000);
    assert_eq!(from_otel(&long), (Some(long), 0));
    // 8192 bytes are ours at most, and theirs.
    let longest = "x".repeat(8192 - "tenant=,user=u".len());
    assert_eq!(read(&to_otel(&longest), "tenant").unwrap(), longest);
    let longer = longest + "x";
    let context = to_otel(&longer);
    assert_eq!(read(&context, "tenant").unwrap(), longer);
    assert_eq!(
        read(&context, "user"),
        None,
        "it no longer fitted, and was not sent"
    );
}
