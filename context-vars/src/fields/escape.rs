//! Keeps what a stranger wrote on one line.

use core::fmt::{self, Write};

/// Passes text on with what could end or overwrite a line escaped.
pub(super) struct Escape<'a, W: ?Sized> {
    out: &'a mut W,
    style: EscapeStyle,
    /// Whether `out` failed; if it did not, an error is that of a value's own `Display`.
    failed: bool,
}

/// What is escaped, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EscapeStyle {
    /// What is no part of a line, as Rust does.
    Line,
    /// That, quotes and backslashes, as Rust does.
    Quoted,
    /// The same, as JSON does.
    #[cfg(feature = "tracing")]
    Json,
}

impl<'a, W: Write + ?Sized> Escape<'a, W> {
    pub(super) fn new(out: &'a mut W, style: EscapeStyle) -> Self {
        let failed = false;
        Self { out, style, failed }
    }

    /// Writes what `show` shows. A `Display` that fails ends its value there and spoils no line.
    pub(super) fn show(mut self, show: impl fmt::Display) -> fmt::Result {
        match write!(self, "{show}") {
            Err(error) if self.failed => Err(error),
            _ => Ok(()),
        }
    }

    fn escape(&mut self, special: char) -> fmt::Result {
        match self.style {
            EscapeStyle::Line | EscapeStyle::Quoted => write!(self.out, "{}", escaped(special)),
            #[cfg(feature = "tracing")]
            EscapeStyle::Json => match special {
                '"' | '\\' => write!(self.out, "\\{special}"),
                '\n' => self.out.write_str("\\n"),
                '\r' => self.out.write_str("\\r"),
                '\t' => self.out.write_str("\\t"),
                _ => write!(self.out, "\\u{:04x}", u32::from(special)),
            },
        }
    }

    fn pass(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        let mut at = 0;
        let bytes = text.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            if byte < 0x80 {
                let quoting = self.style != EscapeStyle::Line && (byte == b'"' || byte == b'\\');
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

fn escaped(special: char) -> impl fmt::Display {
    // `escape_debug` leaves some that are no control characters to a terminal's mercy.
    let known = matches!(special, '\n' | '\r' | '\t' | '"' | '\\');
    let short = known.then(|| special.escape_default());
    let long = (!known).then(|| special.escape_unicode());
    Either(short, long)
}

struct Either<A, B>(Option<A>, Option<B>);

impl<A: fmt::Display, B: fmt::Display> fmt::Display for Either<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|a| a.fmt(f))?;
        self.1.iter().try_for_each(|b| b.fmt(f))
    }
}

/// Control characters, and those that end lines or turn the direction of writing.
///
/// All of them have at most four digits, which is what an escape of JSON has.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
