//! A value in JSON.

use core::fmt::{self, Write};

use super::escape::{Escape, EscapeStyle};
use super::value::{Field, Kind};

/// Writes numbers and booleans as such, and everything else as a string.
pub(crate) fn write_json_value(out: &mut dyn Write, field: &Field<'_>) -> fmt::Result {
    match field.kind() {
        Kind::Number => write!(out, "{field}"),
        Kind::Bool(value) => write!(out, "{value}"),
        Kind::Unsigned(value) => write!(out, "{value}"),
        Kind::Signed(value) => write!(out, "{value}"),
        Kind::Float(value) if value.is_finite() => write!(out, "{value}"),
        // JSON has no number for infinities and NaN.
        Kind::Float(value) => write!(out, "\"{value}\""),
        Kind::Text(text) => write_json_text(out, text),
        Kind::Redacted | Kind::Formatted => {
            out.write_char('"')?;
            Escape::new(&mut *out, EscapeStyle::Json).format(field)?;
            out.write_char('"')
        }
    }
}

/// Writes `text` as a string of JSON.
pub(crate) fn write_json_text(out: &mut dyn Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escape::new(&mut *out, EscapeStyle::Json).write_str(text)?;
    out.write_char('"')
}
