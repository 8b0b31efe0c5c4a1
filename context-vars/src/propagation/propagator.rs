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
    /// from a context that was given it. A header that the carrier has already is replaced,
    /// `baggage` as a whole.
    ///
    /// A value that may not travel (see [`RejectionKind`]) is left out and reported. What the carrier
    /// had in its place is taken away, too: it is not the value of this context.
    ///
    /// # Panics
    ///
    /// If the `Display` of a listed variable's type does, or what was given to
    /// [`on_rejection`](super::Builder::on_rejection).
    ///
    /// # Cost
    ///
    /// The text of each value, and the carrier's own.
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
        let mut baggage = baggage::Writer::default();
        let mut has_baggage = false;
        for entry in self.inner.entries.iter().filter(|e| e.inject) {
            let Some(text) = entry.codec.encode(context) else {
                continue;
            };
            let mut sent = entry.check(&text);
            match entry.location {
                Location::Header if sent.is_ok() => carrier.set(&entry.name, text),
                Location::Header => carrier.remove(&entry.name),
                Location::Baggage => {
                    has_baggage = true;
                    sent = sent.and_then(|()| baggage.push(&entry.name, &text));
                }
            }
            if let Err(kind) = sent {
                self.report(kind, true, entry);
            }
        }
        self.forward(context, &mut baggage);
        match baggage.finish() {
            Some(text) => carrier.set(baggage::HEADER, text),
            None if has_baggage => carrier.remove(baggage::HEADER),
            None => {}
        }
    }

    /// Adds the members that came in with the message and that are not listed here either.
    fn forward(&self, context: &Context, baggage: &mut baggage::Writer) {
        if !self.inner.forward_unlisted {
            return;
        }
        let members = unlisted::members(context).filter(|(key, _)| self.forwards(key));
        let mut dropped = Tally::default();
        for (_, member) in members {
            if let Err(kind) = baggage.push_raw(member) {
                dropped.add(None, kind);
            }
        }
        self.report_dropped(&dropped, true);
    }

    /// Whether members with this key are passed on as they are.
    fn forwards(&self, key: &str) -> bool {
        let key = baggage::as_read_by_peers(key);
        self.inner.forward_unlisted && self.members_listed().all(|(_, e)| e.name != key)
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

    /// The headers that carry the current context, for a client's request.
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
