//! A value in a line of text.

use core::fmt::{self, Write};
#[cfg(feature = "log")]
use std::borrow::Cow;

use super::escape::{Escape, EscapeStyle, is_unprintable};
use super::value::{Field, Kind};

/// Writes the value so that it stays on its line and cannot be taken for another field.
///
/// Strings are in quotes. Any other value is in quotes unless it is one plain word.
pub(crate) fn write_text_value(out: &mut dyn Write, field: &Field<'_>) -> fmt::Result {
    match field.kind() {
        Kind::Redacted | Kind::Number => write!(out, "{field}"),
        Kind::Bool(value) => write!(out, "{value}"),
        Kind::Unsigned(value) => write!(out, "{value}"),
        Kind::Signed(value) => write!(out, "{value}"),
        Kind::Float(value) => write!(out, "{value}"),
        Kind::Text(text) => quote(out, text),
        Kind::Formatted => {
            let mut text = String::new();
            // If formatting fails, the text that was written up to there is shown.
            let _ = write!(text, "{field}");
            if is_word(&text) {
                out.write_str(&text)
            } else {
                quote(out, &text)
            }
        }
    }
}

/// Returns the value as text that stays on its line, without quotes.
#[cfg(feature = "log")]
pub(crate) fn one_line<'a>(field: &Field<'a>) -> Cow<'a, str> {
    let mut text = String::new();
    let escaped = match field.kind() {
        Kind::Text(text) if !text.contains(is_unprintable) => return Cow::Borrowed(text),
        Kind::Text(string) => Escape::new(&mut text, EscapeStyle::Line).write_str(string),
        _ => Escape::new(&mut text, EscapeStyle::Line).format(field),
    };
    debug_assert!(escaped.is_ok(), "writing to a String never fails");
    Cow::Owned(text)
}

fn quote(out: &mut dyn Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escape::new(&mut *out, EscapeStyle::Quoted).write_str(text)?;
    out.write_char('"')
}

/// Returns `true` if `text` can be written without quotes.
fn is_word(text: &str) -> bool {
    let ends_word = |c: char| c.is_whitespace() || is_unprintable(c) || "\"=,\\".contains(c);
    !text.is_empty() && !text.contains(ends_word)
}
