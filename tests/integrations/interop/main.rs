//! The Rust side of `.ci/interop`: each line of standard input asks, each line out answers.
//!
//! `{"inject": {"tenant": "a b", ..}}` is answered by the list of the `baggage` headers, and
//! `{"extract": ["tenant=a%20b", ..]}` by the values that were read in such headers, as an object.
//! The first argument says who answers: `ours`, this crate; `ours-plus`, this crate, for which a `+`
//! that comes in is a blank; `opentelemetry`, OpenTelemetry for Rust.

use std::io::{self, BufRead, Write as _};

use context_vars::propagation::{Baggage, Propagator};
use context_vars::{Context, context_var};
use serde_json::{Map, Value, json};

mod opentelemetry_peer;

context_var! {
    static TENANT: String;
    static USER: String;
}

/// Values under their keys.
type Values = Vec<(String, String)>;

/// One that sends and reads baggage.
struct Peer {
    inject: fn(Values) -> Vec<String>,
    extract: fn(Vec<String>) -> Values,
}

impl Peer {
    fn named(name: &str) -> Self {
        match name {
            "ours" => Self {
                inject,
                extract: |headers| extract(propagator(|baggage| baggage), headers),
            },
            "ours-plus" => Self {
                inject,
                extract: |headers| extract(propagator(Baggage::plus_as_space), headers),
            },
            "opentelemetry" => Self {
                inject: opentelemetry_peer::inject,
                extract: opentelemetry_peer::extract,
            },
            other => panic!("there is no peer `{other}`"),
        }
    }

    fn answer(&self, question: &Value) -> Value {
        if let Some(values) = question["inject"].as_object() {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let values = values.iter().map(|(key, value)| (key.clone(), text(value)));
            return json!((self.inject)(values.collect()));
        }
        let headers = serde_json::from_value(question["extract"].clone()).expect("headers");
        let values = (self.extract)(headers).into_iter();
        Value::Object(Map::from_iter(
            values.map(|(key, value)| (key, value.into())),
        ))
    }
}

fn propagator(option: fn(Baggage) -> Baggage) -> Propagator {
    Propagator::builder()
        .baggage(option(Baggage::new(&TENANT, "tenant").max_len(8192)))
        .baggage(option(Baggage::new(&USER, "user").max_len(8192)))
        .build()
}

fn inject(values: Values) -> Vec<String> {
    let mut context = Context::new();
    for (key, value) in values {
        context = match key.as_str() {
            "tenant" => context.with_value(&TENANT, value),
            "user" => context.with_value(&USER, value),
            other => panic!("no variable travels as `{other}`"),
        };
    }
    let mut headers = Vec::new();
    propagator(|baggage| baggage).inject(&context, &mut headers);
    headers.into_iter().map(|(_, value)| value).collect()
}

fn extract(propagator: Propagator, headers: Vec<String>) -> Values {
    let context = propagator.extract(Context::new(), &|name: &str| {
        assert_eq!(name, "baggage");
        headers.clone()
    });
    let entries = context.iter();
    entries
        .map(|entry| (entry.field().to_owned(), entry.to_string()))
        .collect()
}

fn main() {
    let peer = Peer::named(&std::env::args().nth(1).expect("the name of a peer"));
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        writeln!(out, "{}", peer.answer(&question)).expect("the asker reads");
    }
}
