//! Variables and fields of an event that have the same name.

use serde_json::{Value, json};

use super::{FLOOR, MESSAGE, TYPE, builder, plain, plain_pretty, with_variables};

/// Events with the fields `user`, an empty `user`, `type`, and a span that has a `floor`.
fn events() {
    FLOOR.set(1);
    TYPE.set("variable");
    tracing::info!(target: "app", user = "bob", "deleted");
    tracing::info!(target: "app", user = tracing::field::Empty, r#type = 3, "declared");
    let span = tracing::info_span!(target: "app", "shop", floor = 2);
    span.in_scope(|| tracing::info!(target: "app", user = ?Some(1), r#type = None::<u8>, "sold"));
}

#[test]
fn full_and_compact_lines_end_with_the_variables_and_the_events_own_field_wins() {
    assert_eq!(
        with_variables(plain(), events),
        " INFO app: deleted user=\"bob\" floor=1 request_id=7 type=\"variable\"\n \
         INFO app: declared type=3 floor=1 request_id=7 user=\"alice\"\n \
         INFO shop{floor=2}: app: sold user=Some(1) floor=1 request_id=7 type=\"variable\"\n"
    );
    // A span's field hides no variable.
    assert_eq!(
        with_variables(plain().compact(), events),
        " INFO app: deleted user=\"bob\" floor=1 request_id=7 type=\"variable\"\n \
         INFO app: declared type=3 floor=1 request_id=7 user=\"alice\"\n \
         INFO shop: app: sold user=Some(1) floor=2 floor=1 request_id=7 type=\"variable\"\n"
    );
}

#[test]
fn pretty_events_have_a_line_with_the_variables_and_their_own_field_wins() {
    assert_eq!(
        with_variables(plain_pretty(), events),
        "   INFO app: deleted, user: \"bob\"\n    \
         with floor: 1, request_id: 7, type: \"variable\"\n\n   \
         INFO app: declared, type: 3\n    \
         with floor: 1, request_id: 7, user: \"alice\"\n\n   \
         INFO app: sold, user: Some(1)\n    in app::shop with floor: 2\n    \
         with floor: 1, request_id: 7, type: \"variable\"\n\n"
    );
}

#[test]
fn events_own_field_wins_in_json() {
    for flatten in [false, true] {
        let written = with_variables(builder().json().flatten_event(flatten), events);
        let contexts: Vec<Value> = written
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["context"].take())
            .collect();
        assert_eq!(
            contexts,
            [
                json!({"floor": 1, "request_id": 7, "type": "variable"}),
                json!({"floor": 1, "request_id": 7, "user": "alice"}),
                json!({"floor": 1, "request_id": 7, "type": "variable"}),
            ]
        );
    }
}

#[test]
fn message_has_a_name_in_json_alone() {
    let event = || {
        MESSAGE.sync_scope("variable", || {
            tracing::info!(target: "app", "event");
            tracing::info!(target: "app", items = 3);
        })
    };
    assert_eq!(
        with_variables(plain(), event),
        " INFO app: event message=\"variable\" request_id=7 user=\"alice\"\n \
         INFO app: items=3 message=\"variable\" request_id=7 user=\"alice\"\n"
    );
    let json = with_variables(builder().json(), event);
    let has: Vec<bool> = json.lines().map(|line| line.contains("variable")).collect();
    assert_eq!(has, [false, true]);
}

#[test]
fn key_of_the_variables_gives_way_to_a_field_of_a_flattened_event() {
    let events = || {
        tracing::info!(context = "checkout \\\" }", "nested {{");
        tracing::info!(context = 1, context_ = "two", "twice");
        tracing::info!(note = "\"}\"", context = 1, "escaped");
        tracing::info!(other = "\"context\":{", "none");
    };
    for (flatten, keys) in [
        (true, ["context_", "context__", "context_", "context"]),
        (false, ["context"; 4]),
    ] {
        let written = with_variables(builder().json().flatten_event(flatten), events);
        for (line, key) in written.lines().zip(keys) {
            let event: Value = serde_json::from_str(line).unwrap();
            let variables = json!({"request_id": 7, "user": "alice"});
            assert_eq!(event[key], variables, "{line}");
            let count = line.matches(&format!("\"{key}\":")).count();
            let nested = event["fields"].get(key).is_some();
            assert_eq!(count, 1 + usize::from(nested), "{line}");
        }
    }
}
