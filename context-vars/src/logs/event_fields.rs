//! The fields that an event of `tracing` has itself.

use core::fmt;
use std::borrow::Cow;

use tracing_core::Event;
use tracing_core::field::{Field, Visit};

/// Returns `true` if the event has a value for a field of this name.
///
/// A field that was declared empty, or whose value is `None`, does not count, because no format
/// writes it.
pub(super) fn has_field(event: &Event<'_>, name: &str) -> bool {
    let declared = event.metadata().fields();
    if !declared.iter().any(|field| written_name(&field) == name) {
        return false;
    }
    let mut find = Find { name, found: false };
    event.record(&mut find);
    find.found
}

/// Returns the name of a field as formats write it: `type` for `r#type`.
fn written_name(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

struct Find<'a> {
    name: &'a str,
    found: bool,
}

impl Visit for Find<'_> {
    fn record_debug(&mut self, field: &Field, _: &dyn fmt::Debug) {
        self.found |= written_name(field) == self.name;
    }
}

/// Returns `key`, with `_` appended until no field of the event has that name at the top level of
/// `object`.
///
/// Fields are at the top level if the format flattens events. The last brace of `object` may be
/// missing.
pub(super) fn free_key(object: &str, event: &Event<'_>, key: &'static str) -> Cow<'static, str> {
    let mut key = Cow::Borrowed(key);
    while has_field(event, &key) && has_key(object, &key) {
        key.to_mut().push('_');
    }
    key
}

/// Returns `true` if a JSON object has the key at its top level.
fn has_key(object: &str, key: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = object;
    while let Some((at, special)) = rest
        .char_indices()
        .find(|(_, c)| matches!(c, '{' | '}' | '[' | ']' | '"'))
    {
        rest = &rest[at + 1..];
        match special {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {
                let (string, after) = rest.split_at(string_len(rest));
                rest = after.strip_prefix('"').unwrap_or(after);
                if depth == 1 && string == key && rest.trim_start().starts_with(':') {
                    return true;
                }
            }
        }
    }
    false
}

/// Returns the length of a string of JSON whose opening quote has been read.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    let ends = |byte: u8| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    };
    text.bytes().position(ends).unwrap_or(text.len())
}
