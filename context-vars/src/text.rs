//! Converts values to and from the texts that other processes see, by `Display` and `FromStr`, and
//! checks ids.

#[cfg(feature = "http")]
use core::any::Any;
#[cfg(feature = "http")]
use core::fmt;
use core::fmt::{Display, Write as _};
use core::str::FromStr;

#[cfg(feature = "http")]
use bytes::Bytes;

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
#[cfg(feature = "propagation")]
pub(crate) fn format<T: Display>(value: &T) -> Option<String> {
    let mut text = String::new();
    write!(text, "{value}").ok()?;
    Some(text)
}

pub(crate) fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The length up to which a text is stored inline: enough for a UUID or a `traceparent`.
#[cfg(feature = "http")]
const SHORT_LEN: usize = 64;

/// A text that is stored inline if it is short, and on the heap otherwise.
#[cfg(feature = "http")]
struct ShortText {
    bytes: [u8; SHORT_LEN],
    len: usize,
    /// The whole text, if it does not fit into `bytes`.
    long: Option<Vec<u8>>,
}

#[cfg(feature = "http")]
impl ShortText {
    #[cold]
    fn write_long(&mut self, text: &str) {
        let short = &self.bytes[..self.len];
        let long = self.long.get_or_insert_with(|| short.to_vec());
        long.extend_from_slice(text.as_bytes());
    }
}

#[cfg(feature = "http")]
impl AsRef<[u8]> for ShortText {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match &self.long {
            Some(long) => long,
            None => &self.bytes[..self.len],
        }
    }
}

#[cfg(feature = "http")]
impl fmt::Write for ShortText {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        match self.bytes.get_mut(self.len..end) {
            Some(place) if self.long.is_none() => {
                place.copy_from_slice(text.as_bytes());
                self.len = end;
            }
            _ => self.write_long(text),
        }
        Ok(())
    }
}

/// Returns the text of `Display`, or `None` if `Display` fails.
///
/// A short text is stored in the same block as its reference count, so it takes one allocation, and a
/// clone takes none. The first clone of other `Bytes` allocates a reference count.
#[cfg(feature = "http")]
#[inline]
pub(crate) fn to_bytes<T: Display + 'static>(value: &T) -> Option<Bytes> {
    let mut text = ShortText {
        bytes: [0; SHORT_LEN],
        len: 0,
        long: None,
    };
    // A `String`, the usual type of an id, is copied without a formatter, like in std's
    // `to_string`.
    match (value as &dyn Any).downcast_ref::<String>() {
        Some(value) => text.write_str(value).ok()?,
        None => write!(text, "{value}").ok()?,
    }
    Some(Bytes::from_owner(text))
}
