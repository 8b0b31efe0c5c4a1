//! Why a value did not travel.

use core::error::Error;
use core::fmt;

/// A value that was not sent, or not accepted.
///
/// `Display` is a sentence for a log. It names the variable and the place, and never the value,
/// which a stranger may have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Problem<'a> {
    pub(super) kind: ProblemKind,
    pub(super) sending: bool,
    pub(super) name: &'a str,
    pub(super) variable: Option<&'static str>,
}

impl<'a> Problem<'a> {
    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Whether the value was to be sent; else it came in.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.sending
    }

    /// The name of the header or of the member of the baggage; `baggage` if that as a whole was
    /// not accepted, or members of it that were not listed.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The name of the variable, for example `"TENANT"`; `None` for the baggage as a whole.
    #[must_use]
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, .. } = self;
        let verb = if self.sending { "sent" } else { "accepted" };
        match self.variable {
            Some(variable) => {
                write!(
                    f,
                    "`{variable}` was not {verb} as `{name}`: the value {kind}"
                )
            }
            None => write!(f, "`{name}` was not {verb} in full: it {kind}"),
        }
    }
}

impl Error for Problem<'_> {}

/// What was wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// There are several values; which one is meant is not ours to guess.
    Repeated,
    /// It is longer than [`max_len`](super::Builder::max_len), or all of the baggage than 8192
    /// bytes.
    TooLong,
    /// There are more than 64 members of baggage.
    TooMany,
    /// It is not what the grammar of W3C baggage allows: no `=`, half an escape, a quote.
    Malformed,
    /// Its escapes do not make UTF-8.
    NotUtf8,
    /// It holds a control character, or in a header anything but visible ASCII with blanks inside.
    Character,
    /// The variable's type could not be made from it.
    WrongType,
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "is there several times",
            Self::TooLong => "is too long",
            Self::TooMany => "has more than 64 members",
            Self::Malformed => "is malformed",
            Self::NotUtf8 => "is not UTF-8",
            Self::Character => "holds a character that is not allowed there",
            Self::WrongType => "is not of the variable's type",
        })
    }
}
