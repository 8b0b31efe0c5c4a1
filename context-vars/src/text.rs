//! Values as texts for other processes: what `Display` writes and `FromStr` reads, and what an id
//! looks like.

use core::fmt::{Display, Write as _};
use core::str::FromStr;

/// The most bytes of an id: room for two UUIDs and more, none for an essay.
pub(crate) const MAX_ID_LEN: usize = 128;

/// Returns whether a client or peer may choose `text` as an id: 1 to 128 bytes of visible ASCII.
///
/// The only such rule, for ids that come in any way: an id appears in every log line, in headers of
/// other requests, and in the response.
pub(crate) fn is_id(text: &[u8]) -> bool {
    (1..=MAX_ID_LEN).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
}

/// Returns the text that `Display` makes, unless it fails, where `to_string` would panic.
pub(crate) fn format<T: Display>(value: &T) -> Option<String> {
    let mut text = String::new();
    write!(text, "{value}").ok()?;
    Some(text)
}

pub(crate) fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
