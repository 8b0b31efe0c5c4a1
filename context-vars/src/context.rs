//! `Context`: an owned handle to a mapping from context variables to values.

use core::any::Any;
use core::fmt;
use core::iter::FusedIterator;

use crate::raw::context::RawContext;
use crate::raw::key::{Key, PrintFn};
use crate::raw::thread;
#[cfg(feature = "http")]
use crate::raw::value::Value;
use crate::raw::value::ValueRef;
use crate::var::ContextVar;

/// A mapping from context variables to values.
///
/// A context is independent of its copies: a value that is set in one is never seen in another. Copies
/// share their common entries, so the cost of a copy does not depend on the number of variables.
///
/// # Examples
///
/// A copy keeps what is set in it:
///
/// ```
/// use context_vars::{Context, context_var};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// let mut context = Context::current();
/// context.run(|| {
///     USER.set("alice");
/// });
/// assert_eq!(USER.get(), "anonymous");
/// assert_eq!(context.get(&USER), Some(&"alice"));
/// assert_eq!(format!("{context:?}"), r#"{USER: "alice"}"#);
/// # }
/// ```
#[must_use = "a context does nothing until it is entered: call `run` or `in_context`"]
pub struct Context {
    pub(crate) raw: RawContext,
}

impl Context {
    /// Creates an empty context.
    ///
    /// # Cost
    ///
    /// No allocation and no thread-local access.
    pub const fn new() -> Self {
        Self {
            raw: RawContext::EMPTY,
        }
    }

    /// Returns a copy of the current context, without `#[no_inherit]` variables.
    ///
    /// Equivalent to Python's `copy_context()`. The copy does not see later changes in the current
    /// context, and the current context does not see changes in the copy.
    ///
    /// # Cost
    ///
    /// One thread-local access, and one increment of a reference count if any variable is set; no
    /// allocation. The first copy made inside a scope of a synchronous function costs more. It also
    /// increments the reference counts of the values that the scope took over from outside: fifteen
    /// at most, and one more for all other values together.
    ///
    /// # Examples
    ///
    /// Later changes are not seen:
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// USER.sync_scope("alice", || {
    ///     let copy = Context::current();
    ///     USER.set("bob");
    ///     assert_eq!(copy.get(&USER), Some(&"alice"));
    /// });
    /// # }
    /// ```
    #[doc(alias = "copy_context")]
    #[inline]
    pub fn current() -> Self {
        Self {
            raw: thread::snapshot(),
        }
    }

    /// Calls `f` with this context as the current context.
    ///
    /// Values that `f` sets stay in the context, even if `f` panics, and the next `run` sees them. The
    /// previous context is current again when `f` returns or panics. Because `run` takes `&mut self`, a
    /// context cannot be entered twice at the same time, on this thread or another.
    ///
    /// # Cost
    ///
    /// Two thread-local accesses; no allocation, no atomic operation.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static ATTEMPT: u32 = 0;
    /// }
    ///
    /// # fn main() {
    /// let mut context = Context::new();
    /// for _ in 0..3 {
    ///     context.run(|| ATTEMPT.set(ATTEMPT.get() + 1));
    /// }
    /// assert_eq!(context.get(&ATTEMPT), Some(&3));
    /// assert_eq!(ATTEMPT.get(), 0);
    /// # }
    /// ```
    #[inline]
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        thread::run_in(&mut self.raw, f)
    }

    /// Returns the context with `var` set to `value`, which replaces any previous value.
    ///
    /// # Cost
    ///
    /// Equal to [`ContextVar::set`].
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static TENANT: String;
    /// }
    ///
    /// # fn main() {
    /// let mut context = Context::new().with_value(&TENANT, "acme".to_owned());
    /// assert_eq!(context.run(|| TENANT.get()), "acme");
    /// # }
    /// ```
    pub fn with_value<T: Send + Sync + 'static>(
        mut self,
        var: &'static ContextVar<T>,
        value: T,
    ) -> Self {
        let value = thread::new_value(&var.key, value);
        drop(thread::set_in(&mut self.raw, &var.key, Some(value)));
        self
    }

    /// Returns the context without a value for `var`, so reads of `var` in the context return the
    /// default.
    ///
    /// # Cost
    ///
    /// A node is copied if the context was copied after its last change.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let mut context = Context::new().with_value(&USER, "alice").without(&USER);
    /// assert_eq!(context.run(|| USER.get()), "anonymous");
    /// # }
    /// ```
    pub fn without<T: Send + Sync + 'static>(mut self, var: &'static ContextVar<T>) -> Self {
        drop(thread::set_in(&mut self.raw, &var.key, None));
        self
    }

    /// Returns the value of `var` in this context, or `None` if `var` has only a default.
    ///
    /// # Cost
    ///
    /// One lookup in the context; no thread-local access.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self, var: &'static ContextVar<T>) -> Option<&T> {
        self.raw.get(&var.key)
    }

    /// Returns `true` if `var` has a value in this context. A default does not count.
    #[must_use]
    pub fn contains<T: Send + Sync + 'static>(&self, var: &'static ContextVar<T>) -> bool {
        self.get(var).is_some()
    }

    /// Returns the number of variables that have a value in this context.
    ///
    /// # Cost
    ///
    /// Visits every variable that has a value.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut len = 0;
        self.each(|_| len += 1);
        len
    }

    /// Returns `true` if no variable has a value in this context.
    ///
    /// # Cost
    ///
    /// Equal to [`len`](Self::len).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an iterator over the variables that have a value, sorted by name, then by module path.
    ///
    /// # Cost
    ///
    /// One allocation, and a sort.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        let mut entries = Vec::new();
        self.each(|entry| entries.push(entry));
        entries.sort_unstable_by_key(|entry| (entry.name(), entry.module_path()));
        Iter {
            entries: entries.into_iter(),
        }
    }
}

impl Context {
    /// Copies the current context, `#[no_inherit]` variables included.
    pub(crate) fn current_with_locals() -> Self {
        Self {
            raw: thread::copy(),
        }
    }

    /// Sets the variable, and returns a reference to its value.
    #[cfg(feature = "http")]
    pub(crate) fn insert<T: Send + Sync + 'static>(
        &mut self,
        var: &'static ContextVar<T>,
        value: T,
    ) -> SetValue {
        let value = thread::new_value(&var.key, value);
        let reference = SetValue(value.untyped().clone());
        drop(thread::set_in(&mut self.raw, &var.key, Some(value)));
        reference
    }

    /// Calls `visit` with every variable that has a value, in no particular order.
    pub(crate) fn each<'a>(&'a self, mut visit: impl FnMut(Entry<'a>)) {
        self.raw.values(&mut |value| {
            if !value.key().hidden {
                visit(Entry { value });
            }
        });
    }
}

/// A reference to the value that a variable was set to.
#[cfg(feature = "http")]
pub(crate) struct SetValue(Value);

#[cfg(feature = "http")]
impl SetValue {
    /// Returns `true` if `var` still has this value in the current context. Another value that is
    /// equal does not count.
    pub(crate) fn is_current<T>(&self, var: &'static ContextVar<T>) -> bool {
        thread::has_value(var.key.untyped(), &self.0)
    }
}

impl Clone for Context {
    /// Returns an independent copy, including `#[no_inherit]` variables.
    ///
    /// # Cost
    ///
    /// One increment of a reference count if any variable is set.
    #[inline]
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
        }
    }
}

impl Default for Context {
    /// Creates an empty context.
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Context {
    /// Prints names and values, sorted by name: `{REQUEST_ID: 7, USER: "alice"}`.
    ///
    /// Prints a `#[redact]`ed value as `***`, and a value without `Debug` as the name of its type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|entry| (Name(entry.name()), entry)))
            .finish()
    }
}

/// A name that `Debug` prints without quotes.
struct Name(&'static str);

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'a> IntoIterator for &'a Context {
    type Item = Entry<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// An iterator over the variables that have a value in a context; see [`Context::iter`].
///
/// # Examples
///
/// ```
/// use context_vars::{Context, context_var};
///
/// context_var! {
///     static USER: &str = "anonymous";
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let context = Context::new().with_value(&USER, "alice").with_value(&REQUEST_ID, 7);
/// let mut entries = context.iter();
/// assert_eq!(entries.len(), 2);
/// assert_eq!(entries.next_back().unwrap().name(), "USER");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    entries: std::vec::IntoIter<Entry<'a>>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.entries.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back()
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

/// A context variable and its value in one context.
///
/// `Debug` prints the value with its `Debug`. `Display` prints the value with its `Display`, or with
/// its `Debug` if it has no `Display`. Both print a `#[redact]`ed value as `***`, and the name of the
/// value's type if that type lacks the trait.
///
/// # Examples
///
/// ```
/// use context_vars::{Context, context_var};
///
/// context_var! {
///     static USER: &str = "anonymous";
///     #[redact]
///     static PASSWORD: &str;
/// }
///
/// # fn main() {
/// let context = Context::new().with_value(&USER, "alice").with_value(&PASSWORD, "secret");
/// let shown: Vec<_> = context.iter().map(|entry| format!("{}={entry}", entry.field())).collect();
/// assert_eq!(shown, ["password=***", "user=alice"]);
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    value: ValueRef<'a>,
}

impl<'a> Entry<'a> {
    /// Returns the name of the variable as it was declared, for example `"USER"`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.value.key().declaration.name
    }

    /// Returns the path of the module that declares the variable, for example `"app::vars"`.
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.value.key().declaration.module_path
    }

    /// Returns the name in lower case, for example `"user"`, which is the name used in log lines.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.value.key().declaration.field
    }

    /// Returns the value if it is a `T`, even if the variable is `#[redact]`ed, because redaction concerns
    /// printing only.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&'a T> {
        self.value.any().downcast_ref()
    }

    pub(crate) fn key(&self) -> &'static Key {
        self.value.key()
    }

    pub(crate) fn any(&self) -> &'a dyn Any {
        self.value.any()
    }

    fn show(&self, how: Option<PrintFn>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match how {
            _ if self.value.key().declaration.redact => f.write_str("***"),
            Some(show) => show(self.value.any(), f),
            None => f.write_str(self.value.type_name()),
        }
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(self.value.key().declaration.debug, f)
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declaration = &self.value.key().declaration;
        self.show(declaration.display.or(declaration.debug), f)
    }
}
