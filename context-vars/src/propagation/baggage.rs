//! W3C baggage: the grammar, its limits, and the escapes.

use std::borrow::Cow;

use super::rejection::RejectionKind;

/// The name of the header.
pub(super) const HEADER: &str = "baggage";

/// The maximum number of members in one message, as in the grammar of W3C. A platform must carry at
/// least 64.
const MOST_MEMBERS: usize = 180;
/// The maximum number of bytes in one message, which is the number that a platform must carry.
const MOST_BYTES: usize = 8192;

/// The counts that are compared with the limits of one message.
#[derive(Default)]
struct Size {
    members: usize,
    bytes: usize,
}

impl Size {
    /// Counts a member of `len` bytes and the comma before it, unless the member would exceed a
    /// limit.
    fn admit(&mut self, len: usize) -> Result<(), RejectionKind> {
        if self.members == MOST_MEMBERS {
            return Err(RejectionKind::TooMany);
        }
        let bytes = self.bytes + usize::from(self.members > 0) + len;
        if bytes > MOST_BYTES {
            return Err(RejectionKind::TooLong);
        }
        self.members += 1;
        self.bytes = bytes;
        Ok(())
    }
}

/// Returns `true` for the unreserved characters of RFC 3986, which no peer escapes.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Returns `true` if `name` can be the name of an HTTP header or the key of a member.
pub(super) fn is_token(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

/// Returns `true` for the bytes that W3C allows in a value without an escape.
fn is_baggage_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// A header that is being written.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    size: Size,
}

impl Writer {
    /// Adds a member. Adds no part of it if the member would exceed a limit.
    pub(super) fn push(&mut self, key: &str, value: &str) -> Result<(), RejectionKind> {
        self.write(|text| {
            text.push_str(key);
            text.push('=');
            escape(value, text);
        })
    }

    /// Adds a member that is escaped already, with its properties. Adds no part of it if the member would
    /// exceed a limit.
    pub(super) fn push_raw(&mut self, member: &str) -> Result<(), RejectionKind> {
        self.write(|text| text.push_str(member))
    }

    fn write(&mut self, member: impl FnOnce(&mut String)) -> Result<(), RejectionKind> {
        let before = self.text.len();
        if self.size.members > 0 {
            self.text.push(',');
        }
        let start = self.text.len();
        member(&mut self.text);
        let admitted = self.size.admit(self.text.len() - start);
        if admitted.is_err() {
            self.text.truncate(before);
        }
        admitted
    }

    /// Returns the header, or `None` if it has no members.
    pub(super) fn finish(self) -> Option<String> {
        (self.size.members > 0).then_some(self.text)
    }
}

fn escape(value: &str, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

/// Returns the text from which `escape` made `value`.
///
/// W3C requires that octets which are not UTF-8 are replaced by U+FFFD. A `+` means a blank in HTML
/// forms but not in baggage; some peers nevertheless write a blank as `+`. A backslash must be
/// escaped, but OpenTelemetry for Rust does not escape it.
pub(super) fn unescape(value: &str, plus_as_space: bool) -> Result<String, RejectionKind> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => match (bytes.next().and_then(digit), bytes.next().and_then(digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(RejectionKind::Malformed),
            },
            b'+' if plus_as_space => b' ',
            b'\\' => byte,
            byte if is_baggage_octet(byte) => byte,
            _ => return Err(RejectionKind::Malformed),
        });
    }
    let text = String::from_utf8(decoded);
    Ok(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Returns the key that a peer may read instead of `key`.
///
/// The grammar allows no escapes in a key. OpenTelemetry nevertheless decodes keys and strips blanks
/// from them, each language in a different way, so a client could set `tenant` by sending `%74enant`.
pub(super) fn as_read_by_peers(key: &str) -> Cow<'_, str> {
    if !key.contains(['%', '+']) {
        return Cow::Borrowed(key);
    }
    let is_stripped = |c: char| c.is_whitespace() || c.is_control();
    match unescape(key, true) {
        Ok(decoded) => Cow::Owned(decoded.trim_matches(is_stripped).to_owned()),
        Err(_) => Cow::Borrowed(key),
    }
}

/// The owner of a member, by its key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The listed variable with this number.
    Listed(usize),
    /// Other services, to which the member is forwarded.
    Others,
    /// No owner: the member only counts towards the limits.
    Ignored,
}

/// Members that were left out, counted by owner and by reason.
#[derive(Default)]
pub(super) struct Tally(Vec<Dropped>);

impl Tally {
    /// Counts a member. `listed` is the number of the listed variable that has the member's key, if any.
    pub(super) fn add(&mut self, listed: Option<usize>, kind: RejectionKind) {
        let mut all = self.0.iter_mut();
        match all.find(|dropped| (dropped.listed, dropped.kind) == (listed, kind)) {
            Some(dropped) => dropped.count += 1,
            None => self.0.push(Dropped {
                listed,
                kind,
                count: 1,
            }),
        }
    }

    /// Returns the counts: at most one for each listed variable and reason, however long the headers are.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Dropped> {
        self.0.iter()
    }
}

/// Members that were left out for the same reason.
pub(super) struct Dropped {
    /// The number of the listed variable that has the key of these members, if any.
    pub(super) listed: Option<usize>,
    pub(super) kind: RejectionKind,
    pub(super) count: usize,
}

/// The members of all the headers of one message, still escaped.
#[derive(Default)]
pub(super) struct Members<'a> {
    values: Vec<(usize, &'a str)>,
    /// Members to forward, with their properties.
    pub(super) forwarded: Vec<&'a str>,
    pub(super) dropped: Tally,
}

impl<'a> Members<'a> {
    /// Reads the headers in order, as one list of members. `owner` is called with each key.
    pub(super) fn read(headers: &'a [Cow<'a, str>], owner: impl Fn(&str) -> Owner) -> Self {
        let mut read = Self::default();
        let mut size = Size::default();
        let headers = headers.iter().map(|header| trim(header));
        for member in headers
            .filter(|header| !header.is_empty())
            .flat_map(|header| header.split(',').map(trim))
        {
            let Some((key, value)) = parse(member) else {
                read.dropped.add(None, RejectionKind::Malformed);
                continue;
            };
            let owner = owner(key);
            if owner == Owner::Others && !is_list_member(member) {
                read.dropped.add(None, RejectionKind::Malformed);
                continue;
            }
            match (size.admit(member.len()), owner) {
                (Ok(()), Owner::Listed(number)) => read.keep(number, value),
                (Ok(()), Owner::Others) => read.forwarded.push(member),
                (Ok(()), Owner::Ignored) => {}
                (Err(kind), Owner::Listed(number)) => read.dropped.add(Some(number), kind),
                (Err(kind), Owner::Others | Owner::Ignored) => read.dropped.add(None, kind),
            }
        }
        read
    }

    /// Stores the value and replaces an earlier value, because the last member with a key counts.
    fn keep(&mut self, number: usize, value: &'a str) {
        match self.values.iter_mut().find(|(other, _)| *other == number) {
            Some(earlier) => earlier.1 = value,
            None => self.values.push((number, value)),
        }
    }

    /// Returns the value of the listed variable with this number, if there is a value.
    pub(super) fn value(&self, number: usize) -> Option<&'a str> {
        let found = self.values.iter().find(|(other, _)| *other == number);
        found.map(|(_, value)| *value)
    }
}

/// Splits a member into key and value, and drops its properties. The value is still escaped.
fn parse(member: &str) -> Option<(&str, &str)> {
    let without_properties = member.split(';').next()?;
    let (key, value) = without_properties.split_once('=')?;
    let key = trim(key);
    is_token(key).then_some((key, trim(value)))
}

/// Returns the key of a forwarded member, which was parsed before.
pub(super) fn key_of(member: &str) -> &str {
    parse(member).map_or("", |(key, _)| key)
}

/// Returns `true` if `member` is a `list-member` in the grammar of W3C. It then consists of visible ASCII,
/// blanks and tabs, so it cannot end the header.
///
/// A backslash is allowed, too, because OpenTelemetry for Rust does not escape it.
fn is_list_member(member: &str) -> bool {
    let is_octet = |byte| byte == b'\\' || is_baggage_octet(byte);
    let is_value = |value: &str| trim(value).bytes().all(is_octet);
    let is_pair = |text: &str| {
        text.split_once('=')
            .is_some_and(|(key, value)| is_token(trim(key)) && is_value(value))
    };
    let mut parts = member.split(';');
    parts.next().is_some_and(is_pair)
        && parts.all(|property| is_token(trim(property)) || is_pair(property))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
