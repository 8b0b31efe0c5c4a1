//! A value in a line of text, as `tracing` writes it.

use core::fmt::{self, Write};
#[cfg(feature = "log")]
use std::borrow::Cow;

use super::escape::{Escape, EscapeStyle, is_unprintable};
use super::value::{Field, Kind};

/// Writes the value so that it stays on its line, and a text cannot be taken for another field.
///
/// A text stands in quotes; what has a `Display` without if it is one plain word. What has only
/// `Debug` stands as that prints it, on one line: one that is written by hand, to print
/// `x user="root"`, would look like two fields.
pub(crate) fn write_text_value(out: &mut dyn Write, field: &Field<'_>) -> fmt::Result {
    match field.kind() {
        Kind::Redacted | Kind::Number => write!(out, "{field}"),
        Kind::Bool(value) => write!(out, "{value}"),
        Kind::Unsigned(value) => write!(out, "{value}"),
        Kind::Signed(value) => write!(out, "{value}"),
        Kind::Float(value) => write!(out, "{value}"),
        Kind::Text(text) => quote(out, text),
        Kind::Debug | Kind::TypeName => Escape::new(out, EscapeStyle::Line).show(field),
        Kind::Display => {
            let mut text = String::new();
            // A `Display` that fails has shown what it could.
            let _ = write!(text, "{field}");
            if is_word(&text) {
                out.write_str(&text)
            } else {
                quote(out, &text)
            }
        }
    }
}

/// The value as a text without quotes that stays on its line.
#[cfg(feature = "log")]
pub(crate) fn one_line<'a>(field: &Field<'a>) -> Cow<'a, str> {
    let mut text = String::new();
    let escaped = match field.kind() {
        Kind::Text(text) if !text.contains(is_unprintable) => return Cow::Borrowed(text),
        Kind::Text(shown) => Escape::new(&mut text, EscapeStyle::Line).write_str(shown),
        _ => Escape::new(&mut text, EscapeStyle::Line).show(field),
    };
    debug_assert!(escaped.is_ok(), "a String takes everything");
    Cow::Owned(text)
}

fn quote(out: &mut dyn Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escape::new(&mut *out, EscapeStyle::Quoted).write_str(text)?;
    out.write_char('"')
}

fn is_word(text: &str) -> bool {
    let ends_word = |c: char| c.is_whitespace() || is_unprintable(c) || "\"=,\\".contains(c);
    !text.is_empty() && !text.contains(ends_word)
}
