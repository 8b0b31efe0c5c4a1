//! The variables that travel, each in a separate header or as a member of the baggage.

use core::fmt::{self, Display};
use core::str::FromStr;
use std::borrow::Cow;

use super::baggage;
use super::codec::{Codec, TypedCodec};
use super::rejection::RejectionKind;
use crate::context::Context;
use crate::text::{self, MAX_ID_LEN, is_id};
use crate::var::ContextVar;

/// A variable that travels.
pub(super) struct Entry {
    pub(super) name: Cow<'static, str>,
    pub(super) location: Location,
    pub(super) codec: Box<dyn Codec>,
    pub(super) inject: bool,
    pub(super) extract: bool,
    max_len: usize,
    is_id: bool,
    pub(super) plus_as_space: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    Header,
    Baggage,
}

impl Entry {
    fn new(location: Location, name: Cow<'static, str>, codec: impl Codec + 'static) -> Self {
        Self {
            name,
            location,
            codec: Box::new(codec),
            inject: true,
            extract: true,
            max_len: 1024,
            is_id: false,
            plus_as_space: false,
        }
    }

    /// Returns `true` if both entries are the same header or the same member of the baggage.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.location == other.location
            && match self.location {
                Location::Header => self.name.eq_ignore_ascii_case(&other.name),
                Location::Baggage => self.name == other.name,
            }
    }

    /// Checks whether `text` may travel.
    pub(super) fn check(&self, text: &str) -> Result<(), RejectionKind> {
        let max_len = match self.is_id {
            true => self.max_len.min(MAX_ID_LEN),
            false => self.max_len,
        };
        if text.len() > max_len {
            return Err(RejectionKind::TooLong);
        }
        let allowed = match self.location {
            // HTTP strips blanks at both ends, so the peer would read another value, and it forbids all
            // other bytes.
            Location::Header => {
                text.bytes()
                    .all(|byte| byte.is_ascii_graphic() || byte == b' ')
                    && text.trim_matches(' ') == text
            }
            Location::Baggage => !text.contains(char::is_control),
        };
        let allowed = allowed && (!self.is_id || is_id(text.as_bytes()));
        allowed.then_some(()).ok_or(RejectionKind::Character)
    }

    /// Sets the variable to the value of `text`.
    pub(super) fn accept(&self, context: &mut Context, text: &str) -> Result<(), RejectionKind> {
        self.check(text)?;
        let accepted = self.codec.decode(context, text);
        accepted.then_some(()).ok_or(RejectionKind::WrongType)
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("variable", &self.codec.variable())
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A variable that travels in a separate header; see [`Builder::header`](super::Builder::header).
///
/// The value's text must be visible ASCII. Blanks are allowed inside the text. Other values are
/// neither sent nor accepted.
///
/// # Examples
///
/// ```
/// use std::collections::HashMap;
/// use context_vars::{Context, context_var, propagation::{Header, Propagator}};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build();
/// let mut message = HashMap::new();
/// propagator.inject(&Context::new().with_value(&REQUEST_ID, 7), &mut message);
/// assert_eq!(message["x-request-id"], "7");
/// # }
/// ```
#[must_use = "give it to `Builder::header`"]
pub struct Header(pub(super) Entry);

impl Header {
    /// Creates an entry that sends `var` as the text of its `Display` and reads it by its `FromStr`.
    ///
    /// # Panics
    ///
    /// Panics if `name` cannot be the name of a header, or is `baggage`.
    #[track_caller]
    pub fn new<T>(var: &'static ContextVar<T>, name: impl Into<Cow<'static, str>>) -> Self
    where
        T: Display + FromStr + Send + Sync + 'static,
    {
        Self::with(var, name, text::format, text::parse)
    }

    /// Creates an entry that sends `var` as the text that `format` returns and reads it by `parse`.
    ///
    /// A value for which `format` returns `None` is not sent. A text for which `parse` returns `None` is
    /// rejected as a value of the wrong type.
    ///
    /// # Panics
    ///
    /// Panics if `name` cannot be the name of a header, or is `baggage`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use context_vars::{context_var, propagation::Header};
    ///
    /// context_var! {
    ///     static REQUEST_ID: Arc<str>;
    /// }
    ///
    /// # fn main() {
    /// let format = |id: &Arc<str>| Some(id.to_string());
    /// let header = Header::with(&REQUEST_ID, "x-request-id", format, |id| Some(id.into()));
    /// # let _ = header;
    /// # }
    /// ```
    #[track_caller]
    pub fn with<T: Send + Sync + 'static>(
        var: &'static ContextVar<T>,
        name: impl Into<Cow<'static, str>>,
        format: impl Fn(&T) -> Option<String> + Send + Sync + 'static,
        parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        assert!(
            baggage::is_token(&name) && !name.eq_ignore_ascii_case(baggage::HEADER),
            "`{name}` cannot be the name of a separate header"
        );
        let codec = TypedCodec { var, format, parse };
        Self(Entry::new(Location::Header, name, codec))
    }
}

/// A variable that travels as a member of the W3C baggage; see
/// [`Builder::baggage`](super::Builder::baggage).
///
/// The text of the value can be any text without control characters. If a key is received twice, the last
/// member counts. Properties after a `;` are ignored.
///
/// # Examples
///
/// ```
/// use std::collections::HashMap;
/// use context_vars::{Context, context_var, propagation::{Baggage, Propagator}};
///
/// context_var! {
///     static TENANT: String;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder().baggage(Baggage::new(&TENANT, "tenant")).build();
/// let context = Context::new().with_value(&TENANT, "Müller, Co".to_owned());
/// let mut message = HashMap::new();
/// propagator.inject(&context, &mut message);
/// assert_eq!(message["baggage"], "tenant=M%C3%BCller%2C%20Co");
/// # }
/// ```
#[must_use = "give it to `Builder::baggage`"]
pub struct Baggage(pub(super) Entry);

impl Baggage {
    /// Creates an entry that sends `var` as the text of its `Display` and reads it by its `FromStr`.
    ///
    /// # Panics
    ///
    /// Panics if `key` contains anything but ASCII letters, digits and `-._~`, which no peer escapes.
    #[track_caller]
    pub fn new<T>(var: &'static ContextVar<T>, key: impl Into<Cow<'static, str>>) -> Self
    where
        T: Display + FromStr + Send + Sync + 'static,
    {
        Self::with(var, key, text::format, text::parse)
    }

    /// Creates an entry that sends `var` as the text that `format` returns and reads it by `parse`; see
    /// [`Header::with`].
    ///
    /// # Panics
    ///
    /// Panics if `key` contains anything but ASCII letters, digits and `-._~`.
    ///
    /// # Examples
    ///
    /// A list as words separated by blanks:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Baggage, Propagator}};
    ///
    /// context_var! {
    ///     static GROUPS: Vec<String>;
    /// }
    ///
    /// # fn main() {
    /// let format = |groups: &Vec<String>| Some(groups.join(" "));
    /// let parse = |text: &str| Some(text.split(' ').map(str::to_owned).collect());
    /// let groups = Baggage::with(&GROUPS, "groups", format, parse);
    /// let propagator = Propagator::builder().baggage(groups).build();
    ///
    /// let message = vec![("baggage".to_owned(), "groups=admin%20staff".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.get(&GROUPS).unwrap(), &["admin", "staff"]);
    /// # }
    /// ```
    #[track_caller]
    pub fn with<T: Send + Sync + 'static>(
        var: &'static ContextVar<T>,
        key: impl Into<Cow<'static, str>>,
        format: impl Fn(&T) -> Option<String> + Send + Sync + 'static,
        parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        let key = key.into();
        assert!(
            !key.is_empty() && key.bytes().all(baggage::is_unreserved),
            "`{key}` cannot be a key of baggage: use letters, digits and `-._~`"
        );
        let codec = TypedCodec { var, format, parse };
        Self(Entry::new(Location::Baggage, key, codec))
    }

    /// Reads a `+` as a blank.
    ///
    /// Use this for peers that write blanks this way, such as OpenTelemetry for Python. Peers that follow
    /// W3C baggage mean a plus sign.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Baggage, Propagator}};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let tenant = Baggage::new(&TENANT, "tenant").plus_as_space();
    /// let propagator = Propagator::builder().baggage(tenant).build();
    /// let message = vec![("baggage".to_owned(), "tenant=acme+sons".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.get(&TENANT).unwrap(), "acme sons");
    /// # }
    /// ```
    pub fn plus_as_space(mut self) -> Self {
        self.0.plus_as_space = true;
        self
    }
}

/// Defines the options that headers and members of the baggage have in common.
macro_rules! options {
    ($Type:ident) => {
        impl $Type {
            /// Sends the variable and never accepts it.
            pub fn inject_only(mut self) -> Self {
                (self.0.inject, self.0.extract) = (true, false);
                self
            }

            /// Accepts the variable and never sends it.
            pub fn extract_only(mut self) -> Self {
                (self.0.inject, self.0.extract) = (false, true);
                self
            }

            /// Limits the text of a value to this many bytes, before escapes. Defaults to 1024.
            ///
            /// A longer text is neither sent nor accepted; it is never truncated.
            pub fn max_len(mut self, bytes: usize) -> Self {
                self.0.max_len = bytes;
                self
            }

            /// Sends and accepts only texts that can be an id: 1 to 128 bytes of visible ASCII.
            ///
            /// Use this for request ids. A server with `web::RequestId` accepts every id that is sent,
            /// because it has the same rule, and no peer can fill the log lines with long texts. A
            /// `max_len` can lower the limit.
            pub fn as_id(mut self) -> Self {
                self.0.is_id = true;
                self
            }
        }

        impl fmt::Debug for $Type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(stringify!($Type), f)
            }
        }
    };
}

options!(Header);
options!(Baggage);
