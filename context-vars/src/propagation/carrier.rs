//! The carriers of values: maps, lists, the headers of HTTP, closures.

use core::hash::BuildHasher;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A carrier into which values are written under names.
///
/// Implemented for maps and lists of texts, for `http::HeaderMap` with the feature `http`, and for
/// closures `|name: &str, value: String| ..`, which need these types written out. A closure can only
/// add values: earlier values in its carrier stay, unless the closure replaces them.
///
/// # Examples
///
/// Writing into the environment of a child process:
///
/// ```
/// use context_vars::propagation::{Header, Propagator};
/// use context_vars::{Context, context_var};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "REQUEST_ID")).build();
/// let context = Context::new().with_value(&REQUEST_ID, 7);
///
/// let mut child = std::process::Command::new("worker");
/// propagator.inject(&context, &mut |name: &str, value: String| {
///     child.env(name, value);
/// });
/// assert!(child.get_envs().any(|(name, value)| name == "REQUEST_ID" && value == Some("7".as_ref())));
/// # }
/// ```
pub trait Injector {
    /// Sets `name` to `value`, which replaces all previous values.
    fn set(&mut self, name: &str, value: String);

    /// Removes the values under `name`.
    ///
    /// Called if a listed variable has no value that can be sent. Otherwise a value that the carrier
    /// had before, for example from a request that is passed on, would be taken for the variable's
    /// value. The default implementation does nothing, which is correct for carriers that were empty.
    fn remove(&mut self, name: &str) {
        let _ = name;
    }

    /// Returns the values under `name`.
    ///
    /// Called for `baggage`, so that members of other propagators are kept. The default implementation
    /// returns no values, and `set` then replaces all members.
    ///
    /// # Examples
    ///
    /// A carrier that is an [`Extractor`], too:
    ///
    /// ```
    /// use std::borrow::Cow;
    /// use context_vars::propagation::{Extractor, Injector};
    ///
    /// struct Message {
    ///     properties: Vec<(String, String)>,
    /// }
    ///
    /// impl Injector for Message {
    ///     fn set(&mut self, name: &str, value: String) {
    ///         Injector::set(&mut self.properties, name, value);
    ///     }
    ///
    ///     fn existing<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
    ///         Extractor::get(&self.properties, name)
    ///     }
    /// }
    ///
    /// let properties = vec![("Baggage".to_owned(), "key=value".to_owned())];
    /// assert_eq!(Message { properties }.existing("baggage"), ["key=value"]);
    /// ```
    fn existing<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        let _ = name;
        Vec::new()
    }
}

/// A carrier from which values are read by name.
///
/// Implemented for maps and lists of texts, for `http::HeaderMap` with the feature `http`, and for
/// closures `|name: &str| ..` that return an `Option` or a `Vec` of texts.
///
/// # Examples
///
/// Reading from the environment of this process:
///
/// ```
/// use context_vars::propagation::{Header, Propagator};
/// use context_vars::{Context, context_var};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let propagator = Propagator::builder().header(Header::new(&REQUEST_ID, "REQUEST_ID")).build();
/// let context = propagator.extract(Context::new(), &|name: &str| std::env::var(name).ok());
/// assert!(!context.contains(&REQUEST_ID));
/// # }
/// ```
pub trait Extractor {
    /// Returns the values under `name`, of which a header may have several.
    ///
    /// A value that is not UTF-8 should be returned with replacement characters instead of being left
    /// out, so that it is rejected and reported.
    fn get<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>>;
}

impl<F: FnMut(&str, String)> Injector for F {
    fn set(&mut self, name: &str, value: String) {
        self(name, value);
    }
}

impl<F, R> Extractor for F
where
    F: Fn(&str) -> R,
    R: IntoIterator,
    R::Item: Into<String>,
{
    fn get<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        let values = self(name).into_iter();
        values.map(|value| Cow::Owned(value.into())).collect()
    }
}

impl<S: BuildHasher> Injector for HashMap<String, String, S> {
    /// Ignores the case of names, as HTTP does in headers, and therefore visits every entry.
    fn set(&mut self, name: &str, value: String) {
        Injector::remove(self, name);
        self.insert(name.to_owned(), value);
    }

    fn remove(&mut self, name: &str) {
        self.retain(|other, _| !other.eq_ignore_ascii_case(name));
    }

    fn existing<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        Extractor::get(self, name)
    }
}

impl<S: BuildHasher> Extractor for HashMap<String, String, S> {
    /// Ignores the case of names, as HTTP does in headers, and therefore visits every entry.
    fn get<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        named(self, name)
    }
}

impl Injector for BTreeMap<String, String> {
    /// Ignores the case of names, as HTTP does in headers, and therefore visits every entry.
    fn set(&mut self, name: &str, value: String) {
        Injector::remove(self, name);
        self.insert(name.to_owned(), value);
    }

    fn remove(&mut self, name: &str) {
        self.retain(|other, _| !other.eq_ignore_ascii_case(name));
    }

    fn existing<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        Extractor::get(self, name)
    }
}

impl Extractor for BTreeMap<String, String> {
    /// Ignores the case of names, as HTTP does in headers, and therefore visits every entry.
    fn get<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        named(self, name)
    }
}

impl Injector for Vec<(String, String)> {
    /// Ignores the case of names, as HTTP does in headers.
    fn set(&mut self, name: &str, value: String) {
        Injector::remove(self, name);
        self.push((name.to_owned(), value));
    }

    fn remove(&mut self, name: &str) {
        self.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    fn existing<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        Extractor::get(self, name)
    }
}

impl Extractor for Vec<(String, String)> {
    /// Ignores the case of names, as HTTP does in headers.
    fn get<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        named(self.iter().map(|(name, value)| (name, value)), name)
    }
}

fn named<'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a String)>,
    name: &str,
) -> Vec<Cow<'a, str>> {
    let entries = entries.into_iter();
    let entries = entries.filter(|(other, _)| other.eq_ignore_ascii_case(name));
    entries
        .map(|(_, value)| Cow::Borrowed(value.as_str()))
        .collect()
}

#[cfg(feature = "http")]
impl Injector for http::HeaderMap {
    /// Removes the header if HTTP does not allow the value in a header. A
    /// [`Propagator`](super::Propagator) never passes such a value.
    fn set(&mut self, name: &str, value: String) {
        let Ok(name) = http::HeaderName::from_bytes(name.as_bytes()) else {
            return;
        };
        match http::HeaderValue::try_from(value) {
            Ok(value) => drop(self.insert(name, value)),
            Err(_) => drop(self.remove(name)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.remove(name);
    }

    fn existing<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        Extractor::get(self, name)
    }
}

#[cfg(feature = "http")]
impl Extractor for http::HeaderMap {
    fn get<'a>(&'a self, name: &str) -> Vec<Cow<'a, str>> {
        let values = self.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect()
    }
}
