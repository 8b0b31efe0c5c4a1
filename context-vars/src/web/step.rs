//! One thing that the layer does for each request, with its types erased.

use core::fmt::Display;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::head::Head;
use crate::context::Context;
use crate::text;
use crate::var::ContextVar;

/// What a [`ContextLayer`](super::ContextLayer) does, in the order in which it was told.
///
/// The types are erased so that the layer has no parameters and its users can name it.
pub(super) trait Step: Send + Sync {
    /// Fills the context from the request, before the service is called.
    fn request(&self, context: Context, _: &mut dyn Head) -> Context {
        context
    }

    /// Adds to the headers of the response, inside the context.
    fn response(&self, _: &mut HeaderMap) {}
}

/// Sets a variable to what a closure finds in the request.
pub(super) struct SetFrom<T: 'static, F> {
    pub(super) var: &'static ContextVar<T>,
    pub(super) find: F,
}

impl<T, F> Step for SetFrom<T, F>
where
    T: Send + Sync + 'static,
    F: Fn(&Parts) -> Option<T> + Send + Sync,
{
    fn request(&self, mut context: Context, request: &mut dyn Head) -> Context {
        let mut found = None;
        request.with_parts(&mut |parts| found = context.run(|| (self.find)(parts)));
        match found {
            Some(value) => context.with_value(self.var, value),
            None => context,
        }
    }
}

/// Puts what a variable holds at the end into a header of the response.
pub(super) struct Echo<T: 'static> {
    pub(super) header: HeaderName,
    pub(super) var: &'static ContextVar<T>,
}

impl<T: Display + Send + Sync + 'static> Step for Echo<T> {
    fn response(&self, headers: &mut HeaderMap) {
        let value = self.var.try_with(display_header).ok().flatten();
        if let Some(value) = value {
            headers.insert(self.header.clone(), value);
        }
    }
}

/// Returns `text` as a header, if it can be one and every peer can read it: ASCII.
pub(super) fn header_value(text: &[u8]) -> Option<HeaderValue> {
    let value = text.is_ascii().then(|| HeaderValue::from_bytes(text));
    value?.ok()
}

/// Returns what `Display` makes as a header, on the conditions of [`header_value`].
pub(super) fn display_header<T: Display>(value: &T) -> Option<HeaderValue> {
    text::with_text(value, header_value).flatten()
}
