//! `Builder`: lists the variables that travel.

use core::fmt::{self, Display, Write as _};
use core::str::FromStr;
use std::borrow::Cow;

use super::baggage;
use super::listed::{Listed, Options, Place, Typed};
use super::problem::Problem;
use super::propagator::{OnProblem, Propagator};
use crate::var::ContextVar;

impl Propagator {
    /// Begins a list of variables that travel.
    ///
    /// # Examples
    ///
    /// Nothing listed, nothing sent:
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// let mut message = HashMap::new();
    /// Propagator::builder().build().inject(&Context::new().with_value(&USER, "alice"), &mut message);
    /// assert!(message.is_empty());
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder {
            defaults: Options::default(),
            listed: Vec::new(),
            on_problem: None,
        }
    }
}

/// Lists the variables that travel; made by [`Propagator::builder`].
///
/// The options [`send_only`](Self::send_only), [`accept_only`](Self::accept_only),
/// [`max_len`](Self::max_len) and [`plus_as_space`](Self::plus_as_space) are about the variable
/// listed last; before the first one they are about all.
///
/// # Examples
///
/// ```
/// use context_vars::propagation::Propagator;
/// use context_vars::context_var;
///
/// context_var! {
///     static REQUEST_ID: u64;
///     static TENANT: String;
///     static LOCALE: String;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder()
///     .max_len(256) // of all values
///     .header(&REQUEST_ID, "x-request-id").send_only()
///     .baggage(&TENANT, "tenant").max_len(64)
///     .baggage(&LOCALE, "locale")
///     .on_problem(|problem| eprintln!("{problem}"))
///     .build();
/// # let _ = propagator;
/// # }
/// ```
#[must_use = "call `build` to get the propagator"]
pub struct Builder {
    defaults: Options,
    listed: Vec<Listed>,
    on_problem: Option<OnProblem>,
}

impl Builder {
    /// Lets `var` travel in a header of its own, as the text that `Display` makes and `FromStr`
    /// reads.
    ///
    /// It must be visible ASCII, blanks inside allowed; other values are not sent or accepted.
    ///
    /// # Panics
    ///
    /// If `name` cannot be the name of a header, or is listed already.
    ///
    /// # Examples
    ///
    /// A number, as its text:
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(&REQUEST_ID, "x-request-id").build();
    /// let mut message = HashMap::new();
    /// propagator.inject(&Context::new().with_value(&REQUEST_ID, 7), &mut message);
    /// assert_eq!(message["x-request-id"], "7");
    /// # }
    /// ```
    #[track_caller]
    pub fn header<T>(self, var: &'static ContextVar<T>, name: impl Into<Cow<'static, str>>) -> Self
    where
        T: Display + FromStr + Send + Sync + 'static,
    {
        self.header_with(var, name, shown, |text| text.parse().ok())
    }

    /// As [`header`](Self::header), for types whose text is made and read in another way.
    ///
    /// A value for which `format` gives `None` is not sent; a text for which `parse` does is of
    /// the wrong type.
    ///
    /// # Panics
    ///
    /// If `name` cannot be the name of a header, or is listed already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use context_vars::propagation::Propagator;
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static REQUEST_ID: Arc<str>;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder()
    ///     .header_with(&REQUEST_ID, "x-request-id", |id| Some(id.to_string()), |id| Some(id.into()))
    ///     .build();
    /// # let _ = propagator;
    /// # }
    /// ```
    #[track_caller]
    pub fn header_with<T: Send + Sync + 'static>(
        self,
        var: &'static ContextVar<T>,
        name: impl Into<Cow<'static, str>>,
        format: impl Fn(&T) -> Option<String> + Send + Sync + 'static,
        parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        assert!(
            baggage::is_token(&name) && !name.eq_ignore_ascii_case(baggage::HEADER),
            "`{name}` cannot be the name of a header of its own"
        );
        self.list(Place::Header, name, Typed { var, format, parse })
    }

    /// Lets `var` travel as a member of the W3C baggage, as the text that `Display` makes and
    /// `FromStr` reads.
    ///
    /// It may be any text without control characters.
    ///
    /// # Panics
    ///
    /// If `key` holds anything but ASCII letters, digits and `-._~`, which all peers write alike,
    /// or is listed already.
    ///
    /// # Examples
    ///
    /// Any text:
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().baggage(&TENANT, "tenant").build();
    /// let context = Context::new().with_value(&TENANT, "Müller, Co".to_owned());
    /// let mut message = HashMap::new();
    /// propagator.inject(&context, &mut message);
    /// assert_eq!(message["baggage"], "tenant=M%C3%BCller%2C%20Co");
    /// # }
    /// ```
    #[track_caller]
    pub fn baggage<T>(self, var: &'static ContextVar<T>, key: impl Into<Cow<'static, str>>) -> Self
    where
        T: Display + FromStr + Send + Sync + 'static,
    {
        self.baggage_with(var, key, shown, |text| text.parse().ok())
    }

    /// As [`baggage`](Self::baggage), for types whose text is made and read in another way; see
    /// [`header_with`](Self::header_with).
    ///
    /// # Panics
    ///
    /// If `key` holds anything but ASCII letters, digits and `-._~`, or is listed already.
    ///
    /// # Examples
    ///
    /// A list, as words between blanks:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static GROUPS: Vec<String>;
    /// }
    ///
    /// # fn main() {
    /// let parse = |text: &str| Some(text.split(' ').map(str::to_owned).collect());
    /// let propagator = Propagator::builder()
    ///     .baggage_with(&GROUPS, "groups", |groups| Some(groups.join(" ")), parse)
    ///     .build();
    /// let message = vec![("baggage".to_owned(), "groups=admin%20staff".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.get(&GROUPS).unwrap(), &["admin", "staff"]);
    /// # }
    /// ```
    #[track_caller]
    pub fn baggage_with<T: Send + Sync + 'static>(
        self,
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
        self.list(Place::Baggage, key, Typed { var, format, parse })
    }

    #[track_caller]
    fn list(
        mut self,
        place: Place,
        name: Cow<'static, str>,
        wire: impl super::listed::Wire + 'static,
    ) -> Self {
        let same = |other: &Listed| match place {
            Place::Header => other.name.eq_ignore_ascii_case(&name),
            Place::Baggage => other.name == name,
        };
        let mut listed = self.listed.iter().filter(|other| other.place == place);
        assert!(!listed.any(same), "`{name}` is listed twice");
        self.listed.push(Listed {
            name,
            place,
            options: self.defaults,
            wire: Box::new(wire),
        });
        self
    }

    /// Sends the variable and never accepts it.
    ///
    /// # Examples
    ///
    /// An id that nobody outside may choose:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(&REQUEST_ID, "x-request-id").send_only().build();
    /// let message = vec![("x-request-id".to_owned(), "7".to_owned())];
    /// assert!(propagator.extract(Context::new(), &message).is_empty());
    /// # }
    /// ```
    pub fn send_only(mut self) -> Self {
        let options = self.options();
        (options.send, options.accept) = (true, false);
        self
    }

    /// Accepts the variable and never sends it.
    ///
    /// # Examples
    ///
    /// A language that is of no use further on:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static LANGUAGE: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(&LANGUAGE, "x-language").accept_only().build();
    /// let mut message = vec![("x-language".to_owned(), "de".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.get(&LANGUAGE).unwrap(), "de");
    ///
    /// message.clear();
    /// propagator.inject(&context, &mut message);
    /// assert!(message.is_empty());
    /// # }
    /// ```
    pub fn accept_only(mut self) -> Self {
        let options = self.options();
        (options.send, options.accept) = (false, true);
        self
    }

    /// The most bytes that the text of a value may have, before escapes; 1024 if this is not said.
    ///
    /// A longer one is not sent and not accepted, and never cut.
    ///
    /// # Examples
    ///
    /// Too long, and therefore not there:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(&TENANT, "x-tenant").max_len(4).build();
    /// let message = vec![("x-tenant".to_owned(), "acme & sons".to_owned())];
    /// assert!(!propagator.extract(Context::new(), &message).contains(&TENANT));
    /// assert_eq!(propagator.problems(), 1);
    /// # }
    /// ```
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.options().max_len = bytes;
        self
    }

    /// Reads a `+` in baggage as a blank.
    ///
    /// For peers that write blanks so, such as OpenTelemetry for Python. Those that follow W3C
    /// baggage mean a plus.
    ///
    /// # Examples
    ///
    /// What a form would say:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().baggage(&TENANT, "tenant").plus_as_space().build();
    /// let message = vec![("baggage".to_owned(), "tenant=acme+sons".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.get(&TENANT).unwrap(), "acme sons");
    /// # }
    /// ```
    pub fn plus_as_space(mut self) -> Self {
        self.options().plus_as_space = true;
        self
    }

    /// Calls `f` for every value that is not sent or not accepted.
    ///
    /// What comes in is in the hands of strangers: `f` may be called as often as there are listed
    /// variables, plus once for the baggage, in each message.
    ///
    /// # Examples
    ///
    /// Into a log:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder()
    ///     .header(&REQUEST_ID, "x-request-id")
    ///     .on_problem(|problem| eprintln!("{problem}"))
    ///     .build();
    /// let message = vec![("x-request-id".to_owned(), "seven".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// // `REQUEST_ID` was not accepted as `x-request-id`: the value is not of the variable's type
    /// # assert!(context.is_empty() && propagator.problems() == 1);
    /// # }
    /// ```
    pub fn on_problem(mut self, f: impl Fn(&Problem<'_>) + Send + Sync + 'static) -> Self {
        self.on_problem = Some(Box::new(f));
        self
    }

    /// The propagator.
    ///
    /// # Examples
    ///
    /// Once for the program:
    ///
    /// ```
    /// use std::sync::LazyLock;
    /// use context_vars::{context_var, propagation::Propagator};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// static PROPAGATOR: LazyLock<Propagator> =
    ///     LazyLock::new(|| Propagator::builder().header(&REQUEST_ID, "x-request-id").build());
    ///
    /// # fn main() {
    /// let same = PROPAGATOR.clone();
    /// # assert_eq!(same.problems(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn build(self) -> Propagator {
        Propagator::new(self.listed, self.on_problem)
    }

    /// What the options are about.
    fn options(&mut self) -> &mut Options {
        match self.listed.last_mut() {
            Some(listed) => &mut listed.options,
            None => &mut self.defaults,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.listed.iter().map(|l| (l.wire.variable(), &l.name));
        f.write_str("Builder ")?;
        f.debug_map().entries(names).finish()
    }
}

/// The text that `Display` makes, if it makes one: `to_string` would panic.
fn shown<T: Display>(value: &T) -> Option<String> {
    let mut text = String::new();
    write!(text, "{value}").ok()?;
    Some(text)
}
