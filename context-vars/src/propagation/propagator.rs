//! `Propagator`: puts listed variables into what carries them, and takes them out.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use super::baggage::{self, Dropped, Members, Owner, Tally};
use super::carrier::{Extractor, Injector};
use super::entry::{Entry, Location};
use super::rejection::{Rejection, RejectionKind};
use super::unlisted;
use crate::context::Context;

/// Carries the variables that it lists from one process to another.
///
/// Made by [`Propagator::builder`]; see the [module](crate::propagation) for an example. A clone is another
/// handle to the same list.
///
/// # Examples
///
/// Shared by what receives and what sends:
///
/// ```
/// use context_vars::{Context, context_var, propagation::{Header, Propagator}};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let incoming = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build();
/// let outgoing = incoming.clone();
///
/// let request = vec![("x-request-id".to_owned(), "7".to_owned())];
/// let context = incoming.extract(Context::new(), &request);
/// let mut next = Vec::new();
/// outgoing.inject(&context, &mut next);
/// assert_eq!(next, request);
/// # }
/// ```
#[derive(Clone)]
pub struct Propagator {
    inner: Arc<Inner>,
}

struct Inner {
    entries: Vec<Entry>,
    on_rejection: Option<OnRejection>,
    forward_unlisted: bool,
    rejections: AtomicU64,
}

pub(super) type OnRejection = Box<dyn Fn(&Rejection<'_>) + Send + Sync>;

impl Propagator {
    pub(super) fn new(
        entries: Vec<Entry>,
        on_rejection: Option<OnRejection>,
        forward_unlisted: bool,
    ) -> Self {
        let rejections = AtomicU64::new(0);
        Self {
            inner: Arc::new(Inner {
                entries,
                on_rejection,
                forward_unlisted,
                rejections,
            }),
        }
    }

    /// Puts the listed variables that have a value in `context` into `carrier`.
    ///
    /// A default is not a value and not sent. A `#[redact]`ed variable that is listed is sent: that is
    /// about printing. A `#[no_inherit]` one is not in [`Context::current`], so it is sent only
    /// from a context that was given it.
    ///
    /// # What the carrier has already
    ///
    /// After this call only `context` speaks under a listed name, because a carrier may hold headers
    /// that were copied from a client's request:
    ///
    /// * A listed header is replaced, or removed if `context` has no value for it, or one that cannot
    ///   be sent (see [`RejectionKind`]), which is also reported. One that is only extracted is
    ///   removed.
    /// * Of the `baggage`, if a member of it is listed or unlisted ones are forwarded, the listed keys are replaced or removed in
    ///   the same way, and with them keys that peers read as a listed one, such as `%74enant` for
    ///   `tenant`. Other members are kept byte for byte, with their properties, after the listed
    ///   ones, so call this after the propagator of OpenTelemetry, which replaces all of the header.
    ///   A forwarded member gives way to one with the same key. Members beyond the limits and members that the grammar does not allow are left out and
    ///   reported: peers disagree on how to read the latter.
    /// * Everything else stays.
    ///
    /// A closure and a carrier of yours that implements nothing but [`Injector::set`] cannot be asked
    /// what is there: give them empty ones.
    ///
    /// # Panics
    ///
    /// If the `Display` of a listed variable's type does, or what was given to
    /// [`on_rejection`](super::Builder::on_rejection).
    ///
    /// # Cost
    ///
    /// The text of each value, and the carrier's own: one `set` or `remove` for each listed header, and
    /// for all of the baggage one look-up and one `set` or `remove`.
    ///
    /// # Examples
    ///
    /// A default is not sent:
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use context_vars::{Context, context_var, propagation::{Header, Propagator}};
    ///
    /// context_var! {
    ///     static TENANT: String = "nobody".to_owned();
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(Header::new(&TENANT, "x-tenant")).build();
    /// let mut message = HashMap::new();
    /// propagator.inject(&Context::current(), &mut message);
    /// assert!(message.is_empty());
    /// TENANT.sync_scope("acme".to_owned(), || propagator.inject(&Context::current(), &mut message));
    /// assert_eq!(message["x-tenant"], "acme");
    /// # }
    /// ```
    pub fn inject(&self, context: &Context, carrier: &mut (impl Injector + ?Sized)) {
        let entries = self.inner.entries.iter();
        for entry in entries.filter(|e| e.location == Location::Header) {
            match self.text_to_send(entry, context) {
                Some(text) => carrier.set(&entry.name, text),
                None => carrier.remove(&entry.name),
            }
        }
        if self.inner.forward_unlisted || self.members_listed().next().is_some() {
            self.inject_baggage(context, carrier);
        }
    }

    /// Writes the listed members, then those of another propagator, then those to forward.
    fn inject_baggage(&self, context: &Context, carrier: &mut (impl Injector + ?Sized)) {
        let mut baggage = baggage::Writer::default();
        for (_, entry) in self.members_listed() {
            let Some(text) = self.text_to_send(entry, context) else {
                continue;
            };
            if let Err(kind) = baggage.push(&entry.name, &text) {
                self.report(kind, true, entry);
            }
        }
        let existing = carrier.existing(baggage::HEADER);
        let others = Members::read(&existing, |key| match self.is_listed(key) {
            true => Owner::Ignored,
            false => Owner::Others,
        });
        let mut dropped = others.dropped;
        for member in others
            .forwarded
            .iter()
            .copied()
            .chain(self.to_forward(context, &others.forwarded))
        {
            if let Err(kind) = baggage.push_raw(member) {
                dropped.add(None, kind);
            }
        }
        self.report_dropped(&dropped, true);
        match baggage.finish() {
            Some(text) => carrier.set(baggage::HEADER, text),
            None => carrier.remove(baggage::HEADER),
        }
    }

    /// Returns the members that came in with the message, and that neither this propagator nor the
    /// one before speaks for.
    fn to_forward<'a>(
        &self,
        context: &'a Context,
        others: &[&str],
    ) -> impl Iterator<Item = &'a str> {
        let is_new = |key| others.iter().all(|member| baggage::key_of(member) != key);
        let members = unlisted::members(context);
        members
            .filter(move |&(key, _)| self.forwards(key) && is_new(key))
            .map(|(_, member)| member)
    }

    /// Returns the text of a variable that is sent and has a value which can be.
    fn text_to_send(&self, entry: &Entry, context: &Context) -> Option<String> {
        if !entry.inject {
            return None;
        }
        let text = entry.codec.encode(context)?;
        match entry.check(&text) {
            Ok(()) => Some(text),
            Err(kind) => {
                self.report(kind, true, entry);
                None
            }
        }
    }

    /// Returns whether members with this key are passed on as they are.
    fn forwards(&self, key: &str) -> bool {
        self.inner.forward_unlisted && !self.is_listed(key)
    }

    /// Returns whether a peer may read `key` as that of a listed member.
    fn is_listed(&self, key: &str) -> bool {
        let key = baggage::as_read_by_peers(key);
        self.members_listed().any(|(_, e)| e.name == key)
    }

    /// The entries that are members of the baggage, each with its number.
    fn members_listed(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let entries = self.inner.entries.iter().enumerate();
        entries.filter(|(_, e)| e.location == Location::Baggage)
    }

    /// `context` with the listed variables set to the values found in `carrier`.
    ///
    /// One that is not there, or that may not be accepted (see [`RejectionKind`]), stays as it is in
    /// `context`; the latter is reported. Of a member of the baggage that comes twice the last
    /// counts, and its properties (`;ttl=5`) are ignored. Nothing that `carrier` holds makes this
    /// panic, unless a `FromStr` of yours does.
    ///
    /// # Panics
    ///
    /// If the `FromStr` of a listed variable's type does, or what was given to
    /// [`on_rejection`](super::Builder::on_rejection).
    ///
    /// # Cost
    ///
    /// One look-up in the carrier for each header, one for all of the baggage, and for each value
    /// found that of [`Context::with_value`].
    ///
    /// # Examples
    ///
    /// What is not accepted stays as it was:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Header, Propagator}};
    ///
    /// context_var! {
    ///     static ATTEMPT: u32;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(Header::new(&ATTEMPT, "x-attempt")).build();
    /// let first = Context::new().with_value(&ATTEMPT, 1);
    /// let context = propagator.extract(first, &vec![("x-attempt".to_owned(), "2".to_owned())]);
    /// assert_eq!(context.get(&ATTEMPT), Some(&2));
    /// let context = propagator.extract(context, &vec![("x-attempt".to_owned(), "three".to_owned())]);
    /// assert_eq!(context.get(&ATTEMPT), Some(&2));
    /// # }
    /// ```
    pub fn extract(&self, mut context: Context, carrier: &(impl Extractor + ?Sized)) -> Context {
        let accepted = || self.inner.entries.iter().filter(|e| e.extract);
        for entry in accepted().filter(|e| e.location == Location::Header) {
            let result = match &*carrier.get(&entry.name) {
                [] => continue,
                [text] => entry.accept(&mut context, text),
                [_, _, ..] => Err(RejectionKind::Repeated),
            };
            if let Err(kind) = result {
                self.report(kind, false, entry);
            }
        }
        if self.inner.forward_unlisted || accepted().any(|e| e.location == Location::Baggage) {
            context = self.extract_baggage(context, carrier);
        }
        context
    }

    fn extract_baggage(
        &self,
        mut context: Context,
        carrier: &(impl Extractor + ?Sized),
    ) -> Context {
        let headers = carrier.get(baggage::HEADER);
        let members = Members::read(&headers, |key| self.owner(key));
        self.report_dropped(&members.dropped, false);
        for (number, entry) in self.members_listed().filter(|(_, e)| e.extract) {
            let Some(escaped) = members.value(number) else {
                continue;
            };
            let text = baggage::unescape(escaped, entry.plus_as_space);
            if let Err(kind) = text.and_then(|text| entry.accept(&mut context, &text)) {
                self.report(kind, false, entry);
            }
        }
        if self.inner.forward_unlisted {
            context = unlisted::replace(context, &members.forwarded);
        }
        context
    }

    /// Whom a member with this key concerns.
    fn owner(&self, key: &str) -> Owner {
        let listed = self.members_listed().find(|(_, e)| e.name == key);
        match listed {
            Some((number, entry)) if entry.extract => Owner::Listed(number),
            Some(_) => Owner::Ignored,
            None if self.forwards(key) => Owner::Others,
            None => Owner::Ignored,
        }
    }

    /// Returns the headers that carry the current context, for a client's request.
    ///
    /// A client that sets them in the place of others of the same name, like reqwest, leaves those of
    /// variables that are not set, and replaces all of `baggage`. Where a request may have such
    /// headers already, call [`inject`](Self::inject) on its headers.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::propagation::{Header, Propagator};
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build();
    /// let headers = REQUEST_ID.sync_scope(7, || propagator.headers());
    /// assert_eq!(headers["x-request-id"], "7"); // client.get(url).headers(headers)
    /// # }
    /// ```
    #[cfg(feature = "http")]
    #[must_use]
    pub fn headers(&self) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        self.inject(&Context::current(), &mut headers);
        headers
    }

    /// How many values were not sent or not accepted, reported to
    /// [`on_rejection`](super::Builder::on_rejection) or not.
    ///
    /// # Examples
    ///
    /// For a metric:
    ///
    /// ```
    /// use context_vars::{Context, context_var, propagation::{Header, Propagator}};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id")).build();
    /// for id in ["7", "seven", ""] {
    ///     let message = vec![("x-request-id".to_owned(), id.to_owned())];
    ///     drop(propagator.extract(Context::new(), &message));
    /// }
    /// assert_eq!(propagator.rejections(), 2);
    /// # }
    /// ```
    #[must_use]
    pub fn rejections(&self) -> u64 {
        self.inner.rejections.load(Ordering::Relaxed)
    }

    fn report(&self, kind: RejectionKind, injecting: bool, entry: &Entry) {
        self.tell(&Rejection {
            kind,
            injecting,
            name: &entry.name,
            variable: Some(entry.codec.variable()),
            count: 1,
        });
    }

    /// Reports members of the baggage, those of a listed variable under its name.
    fn report_dropped(&self, dropped: &Tally, injecting: bool) {
        for &Dropped {
            listed,
            kind,
            count,
        } in dropped.iter()
        {
            let entry = listed.map(|number| &self.inner.entries[number]);
            self.tell(&Rejection {
                kind,
                injecting,
                name: entry.map_or(baggage::HEADER, |entry| &entry.name),
                variable: entry.map(|entry| entry.codec.variable()),
                count,
            });
        }
    }

    #[cold]
    fn tell(&self, rejection: &Rejection<'_>) {
        let count = rejection.count as u64;
        self.inner.rejections.fetch_add(count, Ordering::Relaxed);
        if let Some(on_rejection) = &self.inner.on_rejection {
            on_rejection(rejection);
        }
    }
}

impl fmt::Debug for Propagator {
    /// The names under which variables travel.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self
            .inner
            .entries
            .iter()
            .map(|e| (e.codec.variable(), &e.name));
        f.write_str("Propagator ")?;
        f.debug_map().entries(names).finish()
    }
}
