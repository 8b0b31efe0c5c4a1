//! OpenTelemetry for Rust as a peer.

use std::collections::HashMap;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::BaggagePropagator;

use super::Values;

pub(super) fn inject(values: Values) -> Vec<String> {
    let values = values.into_iter();
    let context = Context::new().with_baggage(values.map(|(key, value)| KeyValue::new(key, value)));
    let mut carrier = HashMap::<String, String>::new();
    BaggagePropagator::new().inject_context(&context, &mut carrier);
    carrier.into_values().collect()
}

/// The headers of a message, of which `get` gives the first, as that of `http::HeaderMap` does.
struct Headers(Vec<String>);

impl Extractor for Headers {
    fn get(&self, _: &str) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["baggage"]
    }

    fn get_all(&self, _: &str) -> Option<Vec<&str>> {
        Some(self.0.iter().map(String::as_str).collect())
    }
}

pub(super) fn extract(headers: Vec<String>) -> Values {
    let context = BaggagePropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    let entries = context.baggage().into_iter();
    entries
        .map(|(key, (value, _))| (key.to_string(), value.to_string()))
        .collect()
}
