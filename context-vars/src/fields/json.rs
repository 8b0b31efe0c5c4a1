//! A value in JSON.

use core::fmt::{self, Write};

use super::escape::{Escape, How};
use super::value::{Field, Kind};

/// Writes numbers and truth values as such, and everything else as a string.
pub(crate) fn write_json_value(out: &mut dyn Write, field: &Field<'_>) -> fmt::Result {
    match field.kind() {
        Kind::Number => write!(out, "{field}"),
        Kind::Bool(value) => write!(out, "{value}"),
        Kind::Unsigned(value) => write!(out, "{value}"),
        Kind::Signed(value) => write!(out, "{value}"),
        Kind::Float(value) if value.is_finite() => write!(out, "{value}"),
        // JSON has no word for the others.
        Kind::Float(value) => write!(out, "\"{value}\""),
        Kind::Text(text) => write_json_string(out, text),
        Kind::Redacted | Kind::Shown | Kind::Debugged | Kind::TypeName => {
            write_json_string(out, field)
        }
    }
}

/// Writes what `text` shows in quotes.
pub(crate) fn write_json_string(out: &mut dyn Write, text: impl fmt::Display) -> fmt::Result {
    out.write_char('"')?;
    Escape::new(&mut *out, How::Json).show(text)?;
    out.write_char('"')
}
