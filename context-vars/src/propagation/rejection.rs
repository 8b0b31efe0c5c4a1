//! Why a value did not travel.

use core::error::Error;
use core::fmt;

/// A value that was not sent, or not accepted.
///
/// `Display` is a sentence for a log. It names the variable and the place, and never the value,
/// which a stranger may have written.
///
/// # Examples
///
/// For a log:
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
    /// What was wrong.
    ///
    /// # Examples
    ///
    /// Of something that is no number:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Header, Propagator, RejectionKind}};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder()
    ///     .header(Header::new(&REQUEST_ID, "x-request-id"))
    ///     .on_rejection(|rejection| assert_eq!(rejection.kind(), RejectionKind::WrongType))
    ///     .build();
    /// let message = vec![("x-request-id".to_owned(), "seven".to_owned())];
    /// assert!(propagator.extract(Context::new(), &message).is_empty());
    /// # assert_eq!(propagator.rejections(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Whether the value was to be sent; else it came in.
    #[must_use]
    pub fn is_injecting(&self) -> bool {
        self.injecting
    }

    /// The name of the header or of the member of the baggage; `baggage` for members that no
    /// listed variable has.
    ///
    /// # Examples
    ///
    /// A member of the baggage:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Baggage, Propagator}};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder()
    ///     .baggage(Baggage::new(&TENANT, "tenant"))
    ///     .on_rejection(|rejection| assert_eq!(rejection.name(), "tenant"))
    ///     .build();
    /// let message = vec![("baggage".to_owned(), "tenant=half%2".to_owned())];
    /// assert!(propagator.extract(Context::new(), &message).is_empty());
    /// # assert_eq!(propagator.rejections(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The name of the variable, for example `"TENANT"`; `None` for members of the baggage that no
    /// listed variable has.
    ///
    /// # Examples
    ///
    /// Something in the baggage that is no member:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Baggage, Propagator}};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder()
    ///     .baggage(Baggage::new(&TENANT, "tenant"))
    ///     .on_rejection(|rejection| assert_eq!((rejection.variable(), rejection.name()), (None, "baggage")))
    ///     .build();
    /// let message = vec![("baggage".to_owned(), "no member".to_owned())];
    /// assert!(propagator.extract(Context::new(), &message).is_empty());
    /// # assert_eq!(propagator.rejections(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }

    /// How many values this is about: 1, or members of the baggage that were left out for the
    /// same reason.
    ///
    /// # Examples
    ///
    /// A list of three that are no members:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Baggage, Propagator}};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder()
    ///     .baggage(Baggage::new(&TENANT, "tenant"))
    ///     .on_rejection(|rejection| assert_eq!(rejection.count(), 3))
    ///     .build();
    /// let message = vec![("baggage".to_owned(), "one,two,three,tenant=acme".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.get(&TENANT).unwrap(), "acme");
    /// assert_eq!(propagator.rejections(), 3);
    /// # }
    /// ```
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

/// What was wrong with a value.
///
/// # Examples
///
/// A choice of those to raise an alarm about:
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
    /// A header comes several times. Of a member of baggage that does, the last counts.
    Repeated,
    /// It is longer than [`max_len`](super::Header::max_len), or a member of baggage that is longer
    /// than what the members before it left of 8192 bytes.
    TooLong,
    /// It is a member of baggage after 180 others.
    TooMany,
    /// It is not what the grammar of W3C baggage allows: no `=`, half an escape, a quote.
    Malformed,
    /// It holds a control character, or in a header anything but visible ASCII with blanks inside, or
    /// it is listed with `as_id` and is empty or holds a blank or anything but ASCII.
    Character,
    /// The variable's type could not be made from it.
    WrongType,
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "is there several times",
            Self::TooLong => "is too long",
            Self::TooMany => "is past the limit of 180 members",
            Self::Malformed => "is malformed",
            Self::Character => "holds a character that is not allowed there",
            Self::WrongType => "is not of the variable's type",
        })
    }
}
