//! Request ids: accepted from the client if they are valid, and created otherwise.

use core::fmt::{self, Display};
use core::str::FromStr;

use bytes::Bytes;
use http::header::{Entry, OccupiedEntry};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::head::Head;
use super::step::{KnownId, Step, display_header, header_value};
use crate::context::{Context, SetValue};
use crate::text;
use crate::var::ContextVar;

/// The id of each request: the client's id or a new one; see
/// [`ContextLayer::request_id_with`](super::ContextLayer::request_id_with).
///
/// # Which ids are accepted
///
/// A client's id is accepted if it is the only header of that name, has 1 to 128 bytes of visible
/// ASCII, and parses. Otherwise a new id is created, and no part of the rejected id is seen inside,
/// logged or sent back. A `String` always parses; a stricter type, such as a UUID or a number,
/// rejects texts that do not look like an id. The same rule applies to a variable that a
/// `propagation::Propagator` lists with `Header::as_id` or `Baggage::as_id`.
///
/// A client can send another client's id. If that matters, always create a new id:
/// [`request_id_always_new`](super::ContextLayer::request_id_always_new).
///
/// # Where an id is seen
///
/// The id is in the variable, from the next step of the layer to the last byte of the body. It is
/// in the request's header, where inner layers look for it (`TraceLayer` and `SetRequestIdLayer` of
/// tower-http): the id's text replaces the text that the client sent. It is also in the same header
/// of the response, which has the variable's value when the service has answered, like with
/// [`echo`](super::ContextLayer::echo). An id whose text cannot be a header is only in the
/// variable, and the request's header is removed.
///
/// The text of the layer's first id is formatted when the id is set, and is used in the request and in the
/// response. A value whose text changes later is therefore not formatted again. If the service sets
/// another id, that id is formatted for the response.
///
/// # Examples
///
/// An id of a type that has no `FromStr`:
///
/// ```
/// use std::sync::Arc;
/// use context_vars::{context_var, web::{ContextLayer, RequestId}};
///
/// context_var! {
///     static REQUEST_ID: Arc<str>;
/// }
///
/// # fn main() {
/// let id = RequestId::with(
///     &REQUEST_ID,
///     || "made-here".into(),
///     |id| Some(id.to_string()),
///     |text| Some(text.into()),
/// );
/// let layer = ContextLayer::new().detached().request_id_with(id);
/// # let _ = layer;
/// # }
/// ```
#[must_use = "give it to `ContextLayer::request_id_with`"]
pub struct RequestId {
    header: HeaderName,
    /// The index among the steps of the layer, once it is one of them.
    step: usize,
    ids: Box<dyn Ids>,
}

impl RequestId {
    /// Identifies requests by `var`, as the text that `Display` writes and `FromStr` reads.
    ///
    /// `make` creates the id of a request that has no accepted id. It runs in the request's context
    /// and sees what earlier steps of the layer have set.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, web::{ContextLayer, RequestId}};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let layer = ContextLayer::new().request_id_with(RequestId::new(&REQUEST_ID, || 7));
    /// # let _ = layer;
    /// # }
    /// ```
    pub fn new<T>(var: &'static ContextVar<T>, make: impl Fn() -> T + Send + Sync + 'static) -> Self
    where
        T: Display + FromStr + Send + Sync + 'static,
    {
        Self::of(var, make, display_header, text::parse)
    }

    /// Identifies requests by `var`, always with a new id, as the text that `Display` writes.
    pub(super) fn always_new<T>(
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Display + Send + Sync + 'static,
    {
        Self::of(var, make, display_header, |_| None)
    }

    /// Identifies requests by `var`, as the text that `format` writes and `parse` reads.
    ///
    /// Use this for types without `Display` or `FromStr`, such as `Arc<str>`, and for ids with another text.
    /// A text for which `parse` returns `None` is not accepted, so `|_| None` always creates a new id. A
    /// value for which `format` returns `None` is only in the variable. `propagation` has the same pair of
    /// functions, `Header::new` and `Header::with`.
    ///
    /// # Examples
    ///
    /// Numbers, written as 16 hexadecimal digits:
    ///
    /// ```
    /// use context_vars::{context_var, web::RequestId};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let format = |id: &u64| Some(format!("{id:016x}"));
    /// let parse = |text: &str| u64::from_str_radix(text, 16).ok();
    /// let id = RequestId::with(&REQUEST_ID, || 7, format, parse);
    /// # let _ = id;
    /// # }
    /// ```
    pub fn with<T: Send + Sync + 'static>(
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
        format: impl Fn(&T) -> Option<String> + Send + Sync + 'static,
        parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        let to_header =
            move |id: &T| format(id).and_then(|text| header_value(Bytes::from_owner(text)));
        Self::of(var, make, to_header, parse)
    }

    fn of<T: Send + Sync + 'static>(
        var: &'static ContextVar<T>,
        make: impl Fn() -> T + Send + Sync + 'static,
        to_header: impl Fn(&T) -> Option<HeaderValue> + Send + Sync + 'static,
        parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        Self {
            header: HeaderName::from_static("x-request-id"),
            step: 0,
            ids: Box::new(TypedIds {
                var,
                make,
                to_header,
                parse,
            }),
        }
    }

    /// Reads and writes the id in `header`. Defaults to `x-request-id`.
    pub fn header(mut self, header: HeaderName) -> Self {
        self.header = header;
        self
    }

    /// Makes this the step with this index of a layer.
    pub(super) fn at(mut self, step: usize) -> Self {
        self.step = step;
        self
    }

    /// Sets the variable, and returns the id's header. Stores the header in `known`, too, if `known` is
    /// empty.
    fn fill(
        &self,
        context: &mut Context,
        sent: Option<&str>,
        known: &mut Option<KnownId>,
    ) -> Option<HeaderValue> {
        let (id, header) = self.ids.fill(context, sent);
        if known.is_none() {
            let step = self.step;
            *known = header.clone().map(|header| KnownId { step, id, header });
        }
        header
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestId")
            .field("variable", &self.ids.variable())
            .field("header", &self.header)
            .finish()
    }
}

impl Step for RequestId {
    fn request(
        &self,
        mut context: Context,
        request: &mut dyn Head,
        known: &mut Option<KnownId>,
    ) -> Context {
        // An entry is used, so that the header is looked up once.
        match request.headers_mut().entry(self.header.clone()) {
            Entry::Vacant(entry) => {
                if let Some(header) = self.fill(&mut context, None, known) {
                    entry.insert(header);
                }
            }
            Entry::Occupied(mut entry) => {
                // No part of a rejected id may be left, even if the new id cannot be a header.
                match self.fill(&mut context, sent_id(&entry), known) {
                    Some(header) => drop(entry.insert(header)),
                    None => drop(entry.remove()),
                }
            }
        }
        context
    }

    fn response(&self, headers: &mut HeaderMap, known: &mut Option<KnownId>) {
        let own = known.take_if(|known| known.step == self.step);
        if let Some(header) = self.ids.current(own) {
            headers.insert(&self.header, header);
        }
    }
}

/// Returns the id that the client sent, if it sent exactly one and may choose that one.
fn sent_id<'a>(entry: &'a OccupiedEntry<'_, HeaderValue>) -> Option<&'a str> {
    let mut sent = entry.iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let text = value.to_str().ok()?;
    text::is_id(text.as_bytes()).then_some(text)
}

/// Reads, creates and writes the ids of one variable, with its type erased.
trait Ids: Send + Sync {
    /// Returns the name of the variable.
    fn variable(&self) -> &'static str;
    /// Sets the variable to the id in `sent` if it parses, else to a new one. Returns the id and its header.
    fn fill(&self, context: &mut Context, sent: Option<&str>) -> (SetValue, Option<HeaderValue>);
    /// Returns the header for the variable's current value. This is the known header if the variable
    /// still has that id.
    fn current(&self, known: Option<KnownId>) -> Option<HeaderValue>;
}

/// The ids of a variable of type `T`.
struct TypedIds<T: 'static, M, F, P> {
    var: &'static ContextVar<T>,
    make: M,
    to_header: F,
    parse: P,
}

impl<T, M, F, P> Ids for TypedIds<T, M, F, P>
where
    T: Send + Sync + 'static,
    M: Fn() -> T + Send + Sync,
    F: Fn(&T) -> Option<HeaderValue> + Send + Sync,
    P: Fn(&str) -> Option<T> + Send + Sync,
{
    fn variable(&self) -> &'static str {
        self.var.name()
    }

    fn fill(&self, context: &mut Context, sent: Option<&str>) -> (SetValue, Option<HeaderValue>) {
        let mut header = None;
        let id = context.run(|| {
            let id = sent.and_then(&self.parse).unwrap_or_else(&self.make);
            header = (self.to_header)(&id);
            id
        });
        (context.insert(self.var, id), header)
    }

    fn current(&self, known: Option<KnownId>) -> Option<HeaderValue> {
        match known {
            Some(known) if known.id.is_current(self.var) => Some(known.header),
            _ => self.var.try_with(&self.to_header).ok().flatten(),
        }
    }
}
