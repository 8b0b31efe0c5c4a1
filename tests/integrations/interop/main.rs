//! The Rust side of `.ci/interop`: each line of standard input asks, each line out answers.
//!
//! `{"inject": {"tenant": "a b", ..}}` is answered by the list of the `baggage` headers, and
//! `{"extract": ["tenant=a%20b", ..]}` by the values that were read in such headers, as an object.
//! The first argument says who answers: `ours`, this crate; `ours-plus`, this crate, for which a `+`
//! that comes in is a blank; `opentelemetry`, OpenTelemetry for Rust.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write as _};

use context_vars::propagation::{Baggage, Propagator};
use context_vars::{Context, context_var};
use serde_json::{Value, json};

mod opentelemetry_peer;

context_var! {
    static TENANT: String;
    static USER: String;
}

/// Values under their keys.
type Values = BTreeMap<String, String>;

fn answer(peer: &str, question: &Value) -> Value {
    if let Some(values) = question.get("inject") {
        let values = serde_json::from_value(values.clone()).expect("texts");
        return json!(match peer {
            "opentelemetry" => opentelemetry_peer::inject(values),
            "ours" | "ours-plus" => inject(values),
            other => panic!("there is no peer `{other}`"),
        });
    }
    let headers = serde_json::from_value(question["extract"].clone()).expect("headers");
    json!(match peer {
        "ours" => extract(propagator(|baggage| baggage), headers),
        "ours-plus" => extract(propagator(Baggage::plus_as_space), headers),
        "opentelemetry" => opentelemetry_peer::extract(headers),
        other => panic!("there is no peer `{other}`"),
    })
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
    let peer = std::env::args().nth(1).expect("the name of a peer");
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        writeln!(out, "{}", answer(&peer, &question)).expect("the asker reads");
    }
}
