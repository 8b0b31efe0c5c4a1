//! `Propagator`: injects listed variables into a carrier and extracts them.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use super::baggage::{self, Dropped, Members, Owner, Tally};
use super::carrier::{Extractor, Injector};
use super::entry::{Entry, Location};
use super::rejection::{Rejection, RejectionKind};
use super::unlisted;
use crate::context::Context;

/// A list of variables that travel from one process to another.
///
/// Created by [`Propagator::builder`]; see the [module](crate::propagation) for an example. A clone is
/// another handle to the same list.
///
/// # Examples
///
/// One propagator for both the receiver and the sender:
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

    /// Writes the listed variables that have a value in `context` into `carrier`.
    ///
    /// A default is not a value and is not sent. A listed `#[redact]`ed variable is sent, because
    /// `#[redact]` concerns printing only. A `#[no_inherit]` variable is not in [`Context::current`], so
    /// it is sent only from a context in which it was set explicitly.
    ///
    /// # Existing headers of the carrier
    ///
    /// After this call the listed names have only values from `context`, because the carrier may contain
    /// headers that were copied from a client's request:
    ///
    /// * A listed header is replaced. It is removed if `context` has no value for it or the header is
    ///   listed for extraction only. If the value cannot be sent (see [`RejectionKind`]), the header is
    ///   removed and the value is reported.
    /// * `baggage` is changed if a member is listed or unlisted members are forwarded. Listed keys are
    ///   then replaced or removed in the same way, and so are keys that peers read as a listed key, such
    ///   as `%74enant` for `tenant`. Other members are kept byte for byte, with their properties, after
    ///   the listed members. Therefore call this after the propagator of OpenTelemetry, which replaces
    ///   the whole header. An existing member takes precedence over a forwarded member with the same
    ///   key. Members beyond the limits are left out and reported, and so are members that the grammar
    ///   does not allow, because peers disagree on how to read them.
    /// * Everything else stays unchanged.
    ///
    /// The existing headers cannot be read from a closure, or from a carrier of yours that implements
    /// only [`Injector::set`], so pass such carriers empty.
    ///
    /// # Panics
    ///
    /// Panics if the `Display` of a listed variable's type panics, or if the closure passed to
    /// [`on_rejection`](super::Builder::on_rejection) panics.
    ///
    /// # Cost
    ///
    /// The text of each value is formatted. The carrier gets one `set` or `remove` for each listed
    /// header, and one look-up and one `set` or `remove` for all of the baggage.
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

    /// Returns the received members whose keys are neither listed here nor already written by another
    /// propagator.
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

    /// Returns the text of a variable that is to be sent and has a value that can be sent.
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

    /// Returns `true` if members with this key are passed on unchanged.
    fn forwards(&self, key: &str) -> bool {
        self.inner.forward_unlisted && !self.is_listed(key)
    }

    /// Returns `true` if a peer may read `key` as that of a listed member.
    fn is_listed(&self, key: &str) -> bool {
        let key = baggage::as_read_by_peers(key);
        self.members_listed().any(|(_, e)| e.name == key)
    }

    /// Returns the entries that are members of the baggage, each with its number.
    fn members_listed(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let entries = self.inner.entries.iter().enumerate();
        entries.filter(|(_, e)| e.location == Location::Baggage)
    }

    /// Returns `context` with the listed variables set to the values found in `carrier`.
    ///
    /// A variable that is missing in `carrier` keeps its value in `context`. So does a variable whose
    /// text is rejected (see [`RejectionKind`]), which is also reported. If a member of the baggage
    /// occurs twice, the last member counts; its properties (`;ttl=5`) are ignored. No content of
    /// `carrier` causes a panic, unless a `FromStr` of yours panics.
    ///
    /// # Panics
    ///
    /// Panics if the `FromStr` of a listed variable's type panics, or if the closure passed to
    /// [`on_rejection`](super::Builder::on_rejection) panics.
    ///
    /// # Cost
    ///
    /// One look-up in the carrier for each header, one for all of the baggage, and one
    /// [`Context::with_value`] for each value found.
    ///
    /// # Examples
    ///
    /// A rejected value leaves the variable unchanged:
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

    /// Returns the owner of members with this key.
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
    /// A client such as reqwest replaces the request's headers of the same names with these. It keeps
    /// headers of variables that are not set, and replaces the whole `baggage` header. If a request may
    /// have such headers already, call [`inject`](Self::inject) on its headers instead.
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

    /// Returns the number of values that were not sent or not accepted, whether or not there is an
    /// [`on_rejection`](super::Builder::on_rejection).
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

    /// Reports members of the baggage. Members of a listed variable are reported under its name.
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
    /// Prints the names under which variables travel.
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
