//! Request ids: taken over from the client if they are harmless, else made.

use std::fmt::Display;
use std::str::FromStr;

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::step::{Step, header_value};
use crate::context::Context;
use crate::var::ContextVar;

/// How long an id of a client may be: room for two UUIDs and more, none for an essay.
const LONGEST: usize = 128;

/// Takes over or makes the id of a request, and puts it where the layers inside look for it.
pub(super) struct RequestId<T: 'static, M> {
    pub(super) header: HeaderName,
    pub(super) var: &'static ContextVar<T>,
    pub(super) make: M,
}

impl<T, M> Step for RequestId<T, M>
where
    T: FromStr + Display + Send + Sync + 'static,
    M: Fn() -> T + Send + Sync,
{
    fn request(&self, mut context: Context, parts: &mut Parts) -> Context {
        let (id, text) = context.run(|| {
            let id = accepted(&parts.headers, &self.header).unwrap_or_else(&self.make);
            let text = header_value(&id);
            (id, text)
        });
        // Nothing of a refused id may be left, also where the new one cannot stand in a header.
        match text {
            Some(text) => drop(parts.headers.insert(self.header.clone(), text)),
            None => drop(parts.headers.remove(&self.header)),
        }
        context.with_value(self.var, id)
    }
}

/// The id that the client sent, if it sent exactly one, and that is harmless and parses.
fn accepted<T: FromStr>(headers: &HeaderMap, name: &HeaderName) -> Option<T> {
    let mut sent = headers.get_all(name).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let bytes = value.as_bytes();
    let harmless = (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if !harmless {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
