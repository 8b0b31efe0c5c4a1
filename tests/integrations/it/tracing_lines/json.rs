//! Objects of JSON.

use std::fmt;

use context_vars::logs::ContextFormat;
use serde_json::{Value, json};

use super::{RATIO, SHOWN, USER, WIDE, builder, only_line, plain, with_variables, written};
use crate::fields::{HOSTILE, ShownBy, is_one_line};

#[test]
fn json_objects_have_the_variables_typed_under_a_key() {
    let written = with_variables(plain().json(), || {
        RATIO.set(0.5);
        WIDE.set(-1);
        tracing::info!(target: "app", items = 3, "accepted");
        let span = tracing::info_span!(target: "app", "shop", floor = 2);
        span.in_scope(|| tracing::warn!(target: "app", "sold out"));
    });
    let context = r#""context":{"ratio":0.5,"request_id":7,"user":"alice","wide":-1}"#;
    assert_eq!(
        written,
        format!(
            "{{\"level\":\"INFO\",\"fields\":{{\"message\":\"accepted\",\"items\":3}},\
             \"target\":\"app\",{context}}}\n\
             {{\"level\":\"WARN\",\"fields\":{{\"message\":\"sold out\"}},\"target\":\"app\",\
             \"span\":{{\"floor\":2,\"name\":\"shop\"}},\
             \"spans\":[{{\"floor\":2,\"name\":\"shop\"}}],{context}}}\n"
        )
    );
}

#[test]
fn flattened_and_empty_objects_stay_valid_under_a_key_of_ones_own() {
    let fields_alone = plain()
        .json()
        .flatten_event(true)
        .with_level(false)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false);
    let format = |format| ContextFormat::new(format).key("vars");
    let written = written(fields_alone.map_event_format(format), || {
        tracing::info!(context = "own", "hello }}");
        tracing::info!({});
    });
    assert_eq!(
        written,
        "{\"message\":\"hello }\",\"context\":\"own\",\"vars\":{\"request_id\":7,\"user\":\"alice\"}}\n\
         {\"vars\":{\"request_id\":7,\"user\":\"alice\"}}\n"
    );
}

#[test]
fn hostile_values_are_one_string_of_json() {
    let long = "x\n\"".repeat(1 << 18);
    for text in HOSTILE.into_iter().chain([&*long]) {
        let written = with_variables(builder().json(), || {
            USER.sync_scope(text.to_owned(), || tracing::info!("accepted"));
        });
        let line = only_line(&written);
        assert!(is_one_line(line));
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["context"], json!({"request_id": 7, "user": text}));
        assert_eq!(event.as_object().unwrap().len(), 5, "no key was forged");
    }
}

#[test]
fn characters_that_no_line_may_hold_are_escaped_in_json_and_read_back_as_they_were() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    let written = with_variables(builder().json(), || {
        for chars in all.chunks(4096) {
            USER.sync_scope(chars.iter().collect(), || tracing::info!("accepted"));
        }
    });
    assert_eq!(written.lines().count(), all.len().div_ceil(4096));
    for (line, chars) in written.split_terminator('\n').zip(all.chunks(4096)) {
        assert!(is_one_line(line), "after {:?}", chars[0]);
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["context"]["user"], json!(String::from_iter(chars)));
    }
}

#[test]
fn numbers_that_json_has_no_word_for_are_strings() {
    for (value, shown) in [
        (f64::NAN, json!("NaN")),
        (f64::INFINITY, json!("inf")),
        (1e300, json!(1e300)),
    ] {
        let written = with_variables(builder().json(), || {
            RATIO.set(value);
            tracing::info!("accepted");
        });
        let event: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(event["context"]["ratio"], shown);
    }
}

#[test]
fn display_that_fails_spoils_no_line() {
    let written = with_variables(builder().json(), || {
        SHOWN.set(ShownBy(|f| f.write_str("half").and(Err(fmt::Error))));
        tracing::info!("accepted");
    });
    let event: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(event["context"]["shown"], "half");
}
