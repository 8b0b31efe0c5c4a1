//! `Context`: an owned handle to a mapping from context variables to values.

use core::any::Any;
use core::fmt;
use core::iter::FusedIterator;

use crate::raw::context::RawContext;
use crate::raw::key::{Key, PrintFn};
use crate::raw::thread;
use crate::raw::value::ValueRef;
use crate::var::ContextVar;

/// A mapping from context variables to values.
///
/// A handle is independent of every other: what is set in one is never seen in a copy of it.
/// Copies share what they have in common, so that making one costs the same however many
/// variables are set.
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
    /// An empty context.
    ///
    /// # Cost
    ///
    /// Nothing: no allocation, no thread-local access.
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
    /// let mut empty = Context::new();
    /// USER.sync_scope("alice", || {
    ///     assert_eq!(empty.run(|| USER.get()), "anonymous");
    /// });
    /// # }
    /// ```
    pub const fn new() -> Self {
        Self {
            raw: RawContext::EMPTY,
        }
    }

    /// A copy of the current context, without `#[no_inherit]` variables.
    ///
    /// Python's `copy_context()`. Later changes on either side are not seen by the other.
    ///
    /// # Cost
    ///
    /// One thread-local access and one increment of a reference count, none if nothing is set; no
    /// allocation. The first copy made inside a scope of a synchronous function also counts the
    /// values that the scope took over from outside, fifteen at most and one reference for all others.
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
    ///     drop(USER.set("bob"));
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

    /// Enters the context, calls `f`, leaves.
    ///
    /// What `f` sets stays in the context, also if `f` panics, and the next `run` sees it. The
    /// context that was current before is current again on every way out. `&mut self` makes sure
    /// that a context which is entered cannot be entered again, here or on another thread.
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

    /// The context with `var` set to `value`, instead of whatever value it had.
    ///
    /// # Cost
    ///
    /// As [`ContextVar::set`].
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

    /// The context without a value of `var`; a read in it gives the default.
    ///
    /// # Cost
    ///
    /// A node is copied if a copy of the context was made since.
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

    /// The value of `var` in this context. A default is not an entry and not given.
    ///
    /// # Cost
    ///
    /// An index; no thread-local access.
    ///
    /// # Examples
    ///
    /// A default is no entry:
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let context = Context::new();
    /// assert_eq!(context.get(&USER), None);
    /// let context = context.with_value(&USER, "alice");
    /// assert_eq!(context.get(&USER), Some(&"alice"));
    /// # }
    /// ```
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self, var: &'static ContextVar<T>) -> Option<&T> {
        self.raw.get(&var.key)
    }

    /// Whether `var` has a value in this context. A default does not count.
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
    /// assert!(!Context::new().contains(&USER));
    /// assert!(Context::new().with_value(&USER, "alice").contains(&USER));
    /// # }
    /// ```
    #[must_use]
    pub fn contains<T: Send + Sync + 'static>(&self, var: &'static ContextVar<T>) -> bool {
        self.get(var).is_some()
    }

    /// How many variables have a value in this context.
    ///
    /// # Cost
    ///
    /// Visits them all.
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
    /// assert_eq!(context.len(), 2);
    /// assert_eq!(context.without(&USER).len(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        let mut len = 0;
        self.each(|_| len += 1);
        len
    }

    /// Whether no variable has a value in this context.
    ///
    /// # Cost
    ///
    /// As [`len`](Self::len).
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
    /// assert!(Context::new().is_empty());
    /// assert!(!Context::new().with_value(&USER, "alice").is_empty());
    /// # }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The variables that have a value, sorted by name, then by module path.
    ///
    /// # Cost
    ///
    /// One allocation, and a sort.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static USER: &str;
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let context = Context::new().with_value(&USER, "alice").with_value(&REQUEST_ID, 7);
    /// let names: Vec<_> = context.iter().map(|entry| entry.name()).collect();
    /// assert_eq!(names, ["REQUEST_ID", "USER"]);
    /// # }
    /// ```
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

    /// Calls `visit` with every variable that has a value, in no particular order.
    pub(crate) fn each<'a>(&'a self, mut visit: impl FnMut(Entry<'a>)) {
        self.raw.values(&mut |value| {
            if !value.key().hidden {
                visit(Entry { value });
            }
        });
    }
}

impl Clone for Context {
    /// An independent copy, `#[no_inherit]` variables included.
    ///
    /// # Cost
    ///
    /// One increment of a reference count, none if nothing is set.
    #[inline]
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
        }
    }
}

impl Default for Context {
    /// An empty context.
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Context {
    /// Names and values, sorted by name: `{REQUEST_ID: 7, USER: "alice"}`.
    ///
    /// A `#[redact]`ed value is `***`, one of a type without `Debug` the name of the type.
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

/// The variables that have a value in a context; see [`Context::iter`].
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
/// `Debug` prints the value for programmers, `Display` for users (the same as `Debug` where its
/// type has no `Display`). A `#[redact]`ed value prints as `***`, one of a type without either as
/// the name of its type.
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
    /// The name of the variable as it was declared, for example `"USER"`.
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
    /// let context = Context::new().with_value(&USER, "alice");
    /// let entry = context.iter().next().unwrap();
    /// assert_eq!(entry.name(), "USER");
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.value.key().declaration.name
    }

    /// The path of the module that declares the variable, for example `"app::vars"`.
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
    /// let context = Context::new().with_value(&USER, "alice");
    /// let entry = context.iter().next().unwrap();
    /// assert_eq!(entry.module_path(), USER.module_path());
    /// # }
    /// ```
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.value.key().declaration.module_path
    }

    /// The name in lower case, for example `"user"`: what the variable is called in a log line.
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
    /// let context = Context::new().with_value(&USER, "alice");
    /// let entry = context.iter().next().unwrap();
    /// assert_eq!(entry.field(), "user");
    /// # }
    /// ```
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.value.key().declaration.field
    }

    /// The value, if it is a `T`. Also a `#[redact]`ed one: that is about printing.
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
    /// let context = Context::new().with_value(&USER, "alice");
    /// let entry = context.iter().next().unwrap();
    /// assert_eq!(entry.downcast_ref(), Some(&"alice"));
    /// assert_eq!(entry.downcast_ref::<u64>(), None);
    /// # }
    /// ```
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
