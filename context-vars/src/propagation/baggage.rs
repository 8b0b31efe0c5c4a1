//! W3C baggage: the grammar, its limits, and the escapes.

use std::borrow::Cow;

use super::rejection::RejectionKind;

/// The name of the header.
pub(super) const HEADER: &str = "baggage";

const MOST_MEMBERS: usize = 64;
const MOST_BYTES: usize = 8192;

/// What RFC 3986 calls unreserved: nobody escapes these, and nobody reads them otherwise.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What a name in HTTP consists of, and a key of baggage.
pub(super) fn is_token(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

/// What is read in a value without an escape.
///
/// W3C forbids the backslash too, but OpenTelemetry for Rust sends it as it is.
fn is_value_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;".contains(&byte)
}

/// A header in the making.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    members: usize,
}

impl Writer {
    /// Adds a member, or nothing of it if it would go beyond a limit.
    pub(super) fn push(&mut self, key: &str, value: &str) -> Result<(), RejectionKind> {
        self.write(|text| {
            text.push_str(key);
            text.push('=');
            escape(value, text);
        })
    }

    /// Adds a member that is escaped already, with its properties, or nothing of it.
    pub(super) fn push_raw(&mut self, member: &str) -> Result<(), RejectionKind> {
        self.write(|text| text.push_str(member))
    }

    fn write(&mut self, member: impl FnOnce(&mut String)) -> Result<(), RejectionKind> {
        if self.members == MOST_MEMBERS {
            return Err(RejectionKind::TooMany);
        }
        let before = self.text.len();
        if self.members > 0 {
            self.text.push(',');
        }
        member(&mut self.text);
        if self.text.len() > MOST_BYTES {
            self.text.truncate(before);
            return Err(RejectionKind::TooLong);
        }
        self.members += 1;
        Ok(())
    }

    /// The header, if it has any members.
    pub(super) fn finish(self) -> Option<String> {
        (self.members > 0).then_some(self.text)
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

/// What `escape` was given.
///
/// A `+` is a blank only in forms, not in baggage; but some peers write it.
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
            byte if is_value_octet(byte) => byte,
            _ => return Err(RejectionKind::Malformed),
        });
    }
    String::from_utf8(decoded).map_err(|_| RejectionKind::NotUtf8)
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Returns whether a peer may read `key` as the listed key `name`.
///
/// A key has no escapes by the grammar. But OpenTelemetry decodes keys and strips blanks from them,
/// each language in its own way, so that `%74enant` would speak for `tenant`.
pub(super) fn may_be_read_as(key: &str, name: &str) -> bool {
    let is_stripped = |c: char| c.is_whitespace() || c.is_control();
    key == name || unescape(key, true).is_ok_and(|key| key.trim_matches(is_stripped) == name)
}

/// The members of all the headers of one message, still escaped, without their properties.
#[derive(Default)]
pub(super) struct Members<'a> {
    members: Vec<(&'a str, &'a str)>,
    malformed: bool,
}

impl<'a> Members<'a> {
    /// Reads the headers, which count as one.
    pub(super) fn read(headers: &'a [Cow<'a, str>]) -> Result<Self, RejectionKind> {
        let commas = headers.len().saturating_sub(1);
        let bytes: usize = headers.iter().map(|header| header.len()).sum();
        if bytes + commas > MOST_BYTES {
            return Err(RejectionKind::TooLong);
        }
        let mut read = Self::default();
        let headers = headers.iter().map(|header| trim(header));
        for member in headers
            .filter(|header| !header.is_empty())
            .flat_map(|h| h.split(','))
        {
            match parse(member) {
                None => read.malformed = true,
                Some(_) if read.members.len() == MOST_MEMBERS => {
                    return Err(RejectionKind::TooMany);
                }
                Some(member) => read.members.push(member),
            }
        }
        Ok(read)
    }

    /// Whether something between two commas was no member.
    pub(super) fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// The value under `key`, if there is one.
    pub(super) fn get(&self, key: &str) -> Result<Option<&'a str>, RejectionKind> {
        let mut found = self.members.iter().filter(|member| member.0 == key);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(member), None) => Ok(Some(member.1)),
            (Some(_), Some(_)) => Err(RejectionKind::Repeated),
        }
    }
}

/// Key and value of a member. The value is looked at only if the key is listed.
fn parse(member: &str) -> Option<(&str, &str)> {
    let without_properties = member.split(';').next()?;
    let (key, value) = without_properties.split_once('=')?;
    let key = trim(key);
    is_token(key).then_some((key, trim(value)))
}

/// Returns the members of others in `headers`, as they are, or why a member is none of anyone.
///
/// `is_ours` is asked about each key; the members of those are left out.
pub(super) fn members_of_others<'a>(
    headers: &'a [Cow<'a, str>],
    is_ours: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Result<&'a str, RejectionKind>> {
    let members = headers.iter().flat_map(|header| header.split(','));
    let members = members.map(trim).filter(|member| !member.is_empty());
    members.filter_map(move |member| match parse(member) {
        Some((key, _)) if is_ours(key) => None,
        Some(_) if is_list_member(member) => Some(Ok(member)),
        _ => Some(Err(RejectionKind::Malformed)),
    })
}

/// Returns whether the grammar of W3C has this as a `list-member`: then it consists of visible
/// ASCII, blanks and tabs, and ends no header.
fn is_list_member(member: &str) -> bool {
    let is_value = |value: &str| trim(value).bytes().all(is_value_octet);
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
