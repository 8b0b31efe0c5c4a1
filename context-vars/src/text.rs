//! The text of values for other processes, by `Display` and `FromStr`, and the rule for ids.

use core::fmt::{Display, Write as _};
use core::str::FromStr;

/// The maximum length of an id in bytes: enough for three UUIDs, and short enough for a log line.
pub(crate) const MAX_ID_LEN: usize = 128;

/// Returns `true` if a client or peer may choose `text` as an id: 1 to 128 bytes of visible ASCII.
///
/// This one rule applies to every id that is received, because an id appears in every log line, in
/// headers of other requests, and in the response.
pub(crate) fn is_id(text: &[u8]) -> bool {
    (1..=MAX_ID_LEN).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
}

/// Returns the text of `Display`, or `None` if `Display` fails, in which case `to_string` would panic.
pub(crate) fn format<T: Display>(value: &T) -> Option<String> {
    let mut text = String::new();
    write!(text, "{value}").ok()?;
    Some(text)
}

pub(crate) fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
