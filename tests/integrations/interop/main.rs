//! The Rust side of `.ci/interop-python`: each line of standard input asks, each line out answers.
//!
//! `{"inject": {"tenant": "a b", ..}}` is answered by the carrier as an object, and
//! `{"extract": {"baggage": ".."}}` by the values as an object and the number of rejections under
//! `rejections`. With the argument `plus-as-space` a `+` that comes in is a blank.

use std::collections::HashMap;
use std::io::{self, BufRead};

use context_vars::propagation::{Baggage, Propagator};
use context_vars::{Context, context_var};
use serde_json::{Map, Value, json};

context_var! {
    static TENANT: String;
    static USER: String;
    static REQUEST_ID: u64;
}

fn propagator() -> Propagator {
    let plus_as_space = std::env::args().nth(1).as_deref() == Some("plus-as-space");
    let member = |baggage: Baggage| {
        let baggage = baggage.max_len(8192);
        if plus_as_space {
            baggage.plus_as_space()
        } else {
            baggage
        }
    };
    Propagator::builder()
        .baggage(member(Baggage::new(&TENANT, "tenant")))
        .baggage(member(Baggage::new(&USER, "user")))
        .baggage(member(Baggage::new(&REQUEST_ID, "request_id")))
        .build()
}

fn texts(object: &Value) -> HashMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    let entries = entries.filter_map(|(key, value)| Some((key, value.as_str()?)));
    entries
        .map(|(key, value)| (key.clone(), value.to_owned()))
        .collect()
}

fn inject(values: &Value) -> Value {
    let mut context = Context::new();
    for (key, value) in texts(values) {
        context = match key.as_str() {
            "tenant" => context.with_value(&TENANT, value),
            "user" => context.with_value(&USER, value),
            other => panic!("no variable travels as `{other}`"),
        };
    }
    let mut carrier = HashMap::new();
    propagator().inject(&context, &mut carrier);
    json!(carrier)
}

fn extract(carrier: &Value) -> Value {
    let propagator = propagator();
    let context = propagator.extract(Context::new(), &texts(carrier));
    let mut answer = Map::new();
    for entry in context.iter() {
        answer.insert(entry.field().to_owned(), json!(entry.to_string()));
    }
    answer.insert("rejections".to_owned(), json!(propagator.rejections()));
    Value::Object(answer)
}

fn main() {
    for line in io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        let answer = match (question.get("inject"), question.get("extract")) {
            (Some(values), None) => inject(values),
            (None, Some(carrier)) => extract(carrier),
            _ => panic!("either `inject` or `extract`"),
        };
        println!("{answer}");
    }
}
