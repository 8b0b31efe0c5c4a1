//! Baggage to and from the real OpenTelemetry for Rust.

use std::collections::HashMap;

use context_vars::propagation::{Baggage, Propagator};
use context_vars::{Context, context_var};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_sdk::propagation::BaggagePropagator;

context_var! {
    static TENANT: String;
    static USER: String;
}

/// Odd characters that both sides promise to carry.
const TEXTS: [&str; 12] = [
    "acme",
    "a b",
    "a+b",
    "a=b;c,d",
    "\"quoted\"",
    "back\\slash",
    "Müller & Söhne",
    "日本",
    "🦀",
    "~!*'()",
    "/path?q=1#x",
    "",
];

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

fn from_otel(pairs: &[(&'static str, String)]) -> (Context, u64) {
    let pairs = pairs
        .iter()
        .cloned()
        .map(|(key, value)| KeyValue::new(key, value));
    let context = OtelContext::new().with_baggage(pairs);
    let mut carrier: HashMap<String, String> = HashMap::new();
    BaggagePropagator::new().inject_context(&context, &mut carrier);
    let ours = ours();
    (ours.extract(Context::new(), &carrier), ours.rejections())
}

#[test]
fn opentelemetry_reads_what_we_send() {
    for text in TEXTS {
        let context = to_otel(text);
        let found = context.baggage().get("tenant").map(ToString::to_string);
        assert_eq!(found.as_deref(), Some(text));
        assert_eq!(context.baggage().get("user").unwrap().as_str(), "u");
    }
    let percent = to_otel("100%41");
    assert_eq!(percent.baggage().get("tenant").unwrap().as_str(), "100%41");
}

#[test]
fn members_of_opentelemetry_and_ours_go_out_together() {
    let pairs = [
        ("region", "a b;c,d"),
        ("tenant", "theirs"),
        ("user", "theirs"),
    ];
    let theirs = pairs.map(|(key, value)| KeyValue::new(key, value));
    let mut carrier: HashMap<String, String> = HashMap::new();
    let context = OtelContext::new().with_baggage(theirs);
    BaggagePropagator::new().inject_context(&context, &mut carrier);
    let context = Context::new().with_value(&TENANT, "ours".to_owned());
    ours().inject(&context, &mut carrier);
    let read = BaggagePropagator::new().extract_with_context(&OtelContext::new(), &carrier);
    let seen =
        ["region", "tenant", "user"].map(|key| read.baggage().get(key).map(ToString::to_string));
    let expected = [Some("a b;c,d"), Some("ours"), None];
    assert_eq!(seen.each_ref().map(Option::as_deref), expected);
}

#[test]
fn we_read_what_opentelemetry_sends() {
    for text in TEXTS {
        let (context, rejections) =
            from_otel(&[("tenant", text.to_owned()), ("other", "x".into())]);
        assert_eq!(
            context.get(&TENANT).map(String::as_str),
            Some(text),
            "{context:?}"
        );
        assert_eq!(rejections, 0);
    }
}

#[test]
fn what_opentelemetry_for_rust_does_not_carry_is_known() {
    // It does not escape a `%`, and reads its own `%41` as `A`.
    let (context, _) = from_otel(&[("tenant", "%41".to_owned())]);
    assert_eq!(context.get(&TENANT).unwrap(), "A");
    let (context, rejections) = from_otel(&[("tenant", "100%".to_owned())]);
    assert_eq!((context.get(&TENANT), rejections), (None, 1));
    // It trims values that it reads.
    assert_eq!(
        to_otel(" a ").baggage().get("tenant").unwrap().as_str(),
        "a"
    );
}

#[test]
fn both_sides_keep_the_limits_of_the_other() {
    let (context, rejections) = from_otel(&[("tenant", "x".repeat(8000))]);
    assert_eq!(context.get(&TENANT).unwrap().len(), 8000);
    assert_eq!(rejections, 0);
    // 8192 bytes are ours at most, and theirs.
    let longest = "x".repeat(8192 - "tenant=,user=u".len());
    assert_eq!(
        to_otel(&longest)
            .baggage()
            .get("tenant")
            .unwrap()
            .as_str()
            .len(),
        longest.len()
    );
    let longer = to_otel(&(longest + "x"));
    assert_eq!(
        longer
            .baggage()
            .get("tenant")
            .map(ToString::to_string)
            .map(|v| v.len()),
        Some(8179)
    );
    assert_eq!(
        longer.baggage().get("user"),
        None,
        "it no longer fitted, and was not sent"
    );
}
