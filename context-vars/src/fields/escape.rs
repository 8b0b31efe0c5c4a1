//! Keeps untrusted text on one line.

use core::fmt::{self, Write};

/// A writer that passes text on, and escapes the characters that could end, overwrite or disguise a
/// line.
pub(super) struct Escape<'a, W: ?Sized> {
    out: &'a mut W,
    style: EscapeStyle,
    /// `true` if writing to `out` failed. Otherwise an error comes from the formatted value itself.
    failed: bool,
}

/// The set of characters that are escaped, and the form of the escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EscapeStyle {
    /// Unprintable characters, as in a Rust string.
    #[cfg(feature = "log")]
    Line,
    /// Unprintable characters, quotes and backslashes, as in a Rust string.
    Quoted,
    /// The same characters, as in a JSON string.
    #[cfg(feature = "tracing")]
    Json,
}

impl EscapeStyle {
    fn escapes_quotes(self) -> bool {
        match self {
            #[cfg(feature = "log")]
            Self::Line => false,
            Self::Quoted => true,
            #[cfg(feature = "tracing")]
            Self::Json => true,
        }
    }
}

impl<'a, W: Write + ?Sized> Escape<'a, W> {
    pub(super) fn new(out: &'a mut W, style: EscapeStyle) -> Self {
        let failed = false;
        Self { out, style, failed }
    }

    /// Writes `value`. If its formatting fails, the value ends there and the line continues.
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(super) fn format(mut self, value: impl fmt::Display) -> fmt::Result {
        match write!(self, "{value}") {
            Err(error) if self.failed => Err(error),
            _ => Ok(()),
        }
    }

    fn escape(&mut self, special: char) -> fmt::Result {
        match special {
            '\n' => self.out.write_str("\\n"),
            '\r' => self.out.write_str("\\r"),
            '\t' => self.out.write_str("\\t"),
            '"' => self.out.write_str("\\\""),
            '\\' => self.out.write_str("\\\\"),
            #[cfg(feature = "tracing")]
            _ if self.style == EscapeStyle::Json => {
                // An escape in JSON has four digits, so some characters need two of them.
                let mut units = [0; 2];
                let units = special.encode_utf16(&mut units);
                let mut units = units.iter();
                units.try_for_each(|unit| write!(self.out, "\\u{unit:04x}"))
            }
            _ => write!(self.out, "{}", special.escape_unicode()),
        }
    }

    fn pass(&mut self, text: &str) -> fmt::Result {
        let escapes_quotes = self.style.escapes_quotes();
        let mut plain = 0;
        let mut at = 0;
        let bytes = text.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            if byte < 0x80 {
                let quoting = escapes_quotes && (byte == b'"' || byte == b'\\');
                if byte >= b' ' && byte != 0x7f && !quoting {
                    at += 1;
                    continue;
                }
            }
            let Some(special) = text[at..].chars().next() else {
                break;
            };
            let next = at + special.len_utf8();
            if special.is_ascii() || is_unprintable(special) {
                self.out.write_str(&text[plain..at])?;
                self.escape(special)?;
                plain = next;
            }
            at = next;
        }
        self.out.write_str(&text[plain..])
    }
}

impl<W: Write + ?Sized> Write for Escape<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let result = self.pass(text);
        self.failed |= result.is_err();
        result
    }
}

/// Returns `true` if `c` is of Unicode's general category Cc, Cf, Zl or Zp.
///
/// These are the characters that control a terminal, end a line, change the direction of writing,
/// or are invisible, so that two different texts look the same.
// The table is that of Unicode 16. A test compares it with the Unicode database.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}')
}
