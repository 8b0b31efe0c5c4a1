//! One step that the layer runs for each request, with its types erased.

use core::fmt::Display;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::head::Head;
use crate::context::{Context, SetValue};
use crate::text;
use crate::var::ContextVar;

/// A step of a [`ContextLayer`](super::ContextLayer), which runs its steps in the order in which
/// they were added.
///
/// The types are erased so that the layer has no parameters and its users can name it.
pub(super) trait Step: Send + Sync {
    /// Fills the context from the request, before the service is called.
    ///
    /// A step that sets an id also keeps the id's header in `known` for the response, unless an earlier step
    /// has kept one.
    fn request(
        &self,
        context: Context,
        _request: &mut dyn Head,
        _known: &mut Option<KnownId>,
    ) -> Context {
        context
    }

    /// Adds to the headers of the response, inside the context. Takes `known` if it belongs to this
    /// step.
    fn response(&self, _: &mut HeaderMap, _known: &mut Option<KnownId>) {}
}

/// An id to which a variable was set, and the header that was created from it.
pub(super) struct KnownId {
    /// The index of the step that made the header: another step may write the same id in another way.
    pub(super) step: usize,
    pub(super) id: SetValue,
    pub(super) header: HeaderValue,
}

/// A step that sets a variable to the value that a closure finds in the request.
pub(super) struct SetFrom<T: 'static, F> {
    pub(super) var: &'static ContextVar<T>,
    pub(super) find: F,
}

impl<T, F> Step for SetFrom<T, F>
where
    T: Send + Sync + 'static,
    F: Fn(&Parts) -> Option<T> + Send + Sync,
{
    fn request(
        &self,
        mut context: Context,
        request: &mut dyn Head,
        _known: &mut Option<KnownId>,
    ) -> Context {
        let mut found = None;
        request.with_parts(&mut |parts| found = context.run(|| (self.find)(parts)));
        match found {
            Some(value) => context.with_value(self.var, value),
            None => context,
        }
    }
}

/// A step that writes the final value of a variable into a header of the response.
pub(super) struct Echo<T: 'static> {
    pub(super) header: HeaderName,
    pub(super) var: &'static ContextVar<T>,
}

impl<T: Display + Send + Sync + 'static> Step for Echo<T> {
    fn response(&self, headers: &mut HeaderMap, _known: &mut Option<KnownId>) {
        let value = self.var.try_with(display_header).ok().flatten();
        if let Some(value) = value {
            headers.insert(&self.header, value);
        }
    }
}

/// Returns `text` as a header, if it is allowed in a header and is ASCII, which every peer can
/// read.
#[inline]
pub(super) fn header_value(text: Bytes) -> Option<HeaderValue> {
    if !text.is_ascii() {
        return None;
    }
    HeaderValue::from_maybe_shared(text).ok()
}

/// Returns the text of `Display` as a header, under the conditions of [`header_value`].
pub(super) fn display_header<T: Display + 'static>(value: &T) -> Option<HeaderValue> {
    text::to_bytes(value).and_then(header_value)
}
