//! `Builder`: lists the variables that travel.

use core::fmt;

use super::entry::{Baggage, Entry, Header};
use super::propagator::{OnRejection, Propagator};
use super::rejection::Rejection;

impl Propagator {
    /// Begins a list of variables that travel.
    pub fn builder() -> Builder {
        Builder {
            entries: Vec::new(),
            on_rejection: None,
            forward_unlisted: false,
        }
    }
}

/// A builder for the list of variables that travel; created by [`Propagator::builder`].
///
/// # Examples
///
/// ```
/// use context_vars::context_var;
/// use context_vars::propagation::{Baggage, Header, Propagator};
///
/// context_var! {
///     static REQUEST_ID: u64;
///     static TENANT: String;
///     static LOCALE: String;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder()
///     .header(Header::new(&REQUEST_ID, "x-request-id").inject_only())
///     .baggage(Baggage::new(&TENANT, "tenant").max_len(64))
///     .baggage(Baggage::new(&LOCALE, "locale"))
///     .on_rejection(|rejection| eprintln!("{rejection}"))
///     .build();
/// # let _ = propagator;
/// # }
/// ```
#[must_use = "call `build` to get the propagator"]
pub struct Builder {
    entries: Vec<Entry>,
    on_rejection: Option<OnRejection>,
    forward_unlisted: bool,
}

impl Builder {
    /// Adds a variable that travels in a separate header.
    ///
    /// # Panics
    ///
    /// Panics if a header of that name is listed already.
    #[track_caller]
    pub fn header(self, header: Header) -> Self {
        self.entry(header.0)
    }

    /// Adds a variable that travels as a member of the W3C baggage.
    ///
    /// # Panics
    ///
    /// Panics if a member with that key is listed already.
    #[track_caller]
    pub fn baggage(self, baggage: Baggage) -> Self {
        self.entry(baggage.0)
    }

    #[track_caller]
    fn entry(mut self, entry: Entry) -> Self {
        let is_listed = self.entries.iter().any(|other| other.is_same(&entry));
        assert!(!is_listed, "`{}` is listed twice", entry.name);
        self.entries.push(entry);
        self
    }

    /// Calls `f` for every value that is not sent or not accepted. Calling this again replaces `f`.
    ///
    /// Untrusted input can cause only a limited number of calls. Each message causes at most one call
    /// for each listed variable and reason, and one call for the baggage and each reason. All members
    /// without a variable that are left out for the same reason are reported in one call; see
    /// [`Rejection::count`](super::Rejection::count).
    ///
    /// # Examples
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
    ///     .on_rejection(|rejection| eprintln!("{rejection}"))
    ///     .build();
    /// let message = vec![("x-request-id".to_owned(), "seven".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// // `REQUEST_ID` was not accepted as `x-request-id`: the value is not of the variable's type
    /// # assert!(context.is_empty() && propagator.rejections() == 1);
    /// # }
    /// ```
    pub fn on_rejection(mut self, f: impl Fn(&Rejection<'_>) + Send + Sync + 'static) -> Self {
        self.on_rejection = Some(Box::new(f));
        self
    }

    /// Forwards the members of the baggage that are not listed.
    ///
    /// By default they are left out. W3C recommends that a service forwards members that it does not
    /// know, for later services that do. Call this if the senders may pass data through this process to
    /// the receivers.
    ///
    /// [`extract`](Propagator::extract) stores the members in the context, where they follow work like
    /// the value of a variable, although no list of the context's entries shows them. They replace those
    /// of an earlier message. [`inject`](Propagator::inject) sends them after the listed variables,
    /// unchanged, with their properties and in their order. Both leave out:
    ///
    /// * members with a listed key, even if it is only injected or only extracted, and members whose key
    ///   a peer may read as a listed key (`%74enant` for `tenant`);
    /// * members that the grammar of W3C does not allow, except for a backslash, so that no member can
    ///   end the header;
    /// * members beyond 180 members or 8192 bytes, together with those before them.
    ///
    /// Members of the last two kinds are reported.
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
    /// let tenant = Baggage::new(&TENANT, "tenant");
    /// let propagator = Propagator::builder().baggage(tenant).forward_unlisted().build();
    /// let message = vec![("baggage".to_owned(), "region=eu;ttl=5, tenant=acme".to_owned())];
    /// let context = propagator.extract(Context::new(), &message);
    /// assert_eq!(context.len(), 1); // TENANT
    ///
    /// let mut next = HashMap::new();
    /// propagator.inject(&context, &mut next);
    /// assert_eq!(next["baggage"], "tenant=acme,region=eu;ttl=5");
    /// # }
    /// ```
    pub fn forward_unlisted(mut self) -> Self {
        self.forward_unlisted = true;
        self
    }

    /// Builds the propagator.
    ///
    /// # Examples
    ///
    /// One propagator for the whole program:
    ///
    /// ```
    /// use std::sync::LazyLock;
    /// use context_vars::{context_var, propagation::{Header, Propagator}};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// static PROPAGATOR: LazyLock<Propagator> = LazyLock::new(|| {
    ///     Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build()
    /// });
    ///
    /// # fn main() {
    /// let same = PROPAGATOR.clone();
    /// # assert_eq!(same.rejections(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn build(self) -> Propagator {
        Propagator::new(self.entries, self.on_rejection, self.forward_unlisted)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|e| (e.codec.variable(), &e.name));
        f.write_str("Builder ")?;
        f.debug_map().entries(names).finish()
    }
}
