//! The reasons why a value was not sent or not accepted.

use core::error::Error;
use core::fmt;

/// A value that was not sent, or not accepted.
///
/// `Display` prints a sentence for a log. The sentence names the variable and the header or member, and
/// never the value, because an untrusted client may have written the value.
///
/// # Examples
///
/// Writing rejections to a log:
///
/// ```
/// use context_vars::{Context, context_var, propagation::{Header, Propagator}};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder()
///     .header(Header::new(&REQUEST_ID, "x-request-id"))
///     .on_rejection(|rejection| assert_eq!(
///         rejection.to_string(),
///         "`REQUEST_ID` was not accepted as `x-request-id`: the value is not of the variable's type",
///     ))
///     .build();
/// let message = vec![("x-request-id".to_owned(), "seven".to_owned())];
/// assert!(propagator.extract(Context::new(), &message).is_empty());
/// # assert_eq!(propagator.rejections(), 1);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Rejection<'a> {
    pub(super) kind: RejectionKind,
    pub(super) injecting: bool,
    pub(super) name: &'a str,
    pub(super) variable: Option<&'static str>,
    pub(super) count: usize,
}

impl<'a> Rejection<'a> {
    /// Returns the reason for the rejection.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Returns `true` if the value was to be sent, and `false` if it was received.
    #[must_use]
    pub fn is_injecting(&self) -> bool {
        self.injecting
    }

    /// Returns the name of the header or of the member of the baggage. Returns `baggage` for members that
    /// belong to no listed variable.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the name of the variable, for example `"TENANT"`. Returns `None` for members of the baggage
    /// that belong to no listed variable.
    #[must_use]
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }

    /// Returns the number of rejected values: 1, or the number of members of the baggage that were left
    /// out for the same reason.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

impl fmt::Display for Rejection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, .. } = self;
        let verb = if self.injecting { "sent" } else { "accepted" };
        match self.variable {
            Some(variable) => {
                write!(
                    f,
                    "`{variable}` was not {verb} as `{name}`: the value {kind}"
                )
            }
            None if self.count == 1 => {
                write!(f, "`{name}` was not {verb} in full: a member {kind}")
            }
            None => {
                let count = self.count;
                write!(
                    f,
                    "`{name}` was not {verb} in full: each of {count} members {kind}"
                )
            }
        }
    }
}

impl Error for Rejection<'_> {}

/// The reason for the rejection of a value.
///
/// # Examples
///
/// Selecting the reasons that raise an alarm:
///
/// ```
/// use context_vars::propagation::{Rejection, RejectionKind};
///
/// fn is_alarming(rejection: &Rejection<'_>) -> bool {
///     use RejectionKind::{Character, Repeated, TooLong, TooMany};
///     !rejection.is_injecting() && matches!(rejection.kind(), Character | Repeated | TooLong | TooMany)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The header occurs several times. A repeated member of the baggage is not rejected: the last member
    /// counts.
    Repeated,
    /// The value is longer than [`max_len`](super::Header::max_len), or it is a member of the baggage that
    /// exceeds the 8192 bytes together with the members before it.
    TooLong,
    /// The value is a member of the baggage after 180 others.
    TooMany,
    /// The grammar of W3C baggage does not allow the value, for example because of a missing `=`,
    /// half an escape, or a quote.
    Malformed,
    /// The value contains a control character, or in a header a character that is neither visible ASCII
    /// nor a blank between others. With `as_id`, the value is empty, or contains a blank or a character
    /// that is not ASCII.
    Character,
    /// The text could not be converted to the variable's type.
    WrongType,
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "occurs several times",
            Self::TooLong => "is too long",
            Self::TooMany => "is past the limit of 180 members",
            Self::Malformed => "is malformed",
            Self::Character => "contains a character that is not allowed there",
            Self::WrongType => "is not of the variable's type",
        })
    }
}
