//! The variables of a context as the fields of a line: for logs, panics and errors.

mod render;
mod value;
mod escape;
mod text;
#[cfg(feature = "tracing")]
mod json;

use core::fmt;

use crate::context::{Context, Entry};
use crate::inherit::detached;
use crate::raw::key::Key;
use crate::var::ContextVar;

#[cfg(feature = "tracing")]
pub(crate) use self::json::{write_json_text, write_json_value};
use self::render::Renderer;
#[cfg(feature = "log")]
pub(crate) use self::text::one_line;
pub(crate) use self::text::write_text_value;
pub(crate) use self::value::Field;
#[cfg(feature = "log")]
pub(crate) use self::value::Kind;

/// A context variable of any type: `&USER` is a `&'static dyn AnyVar`.
///
/// [`Fields::only`] and [`Fields::except`] take lists of such references.
///
/// # Examples
///
/// A list of variables of several types:
///
/// ```
/// use context_vars::{AnyVar, Context, Fields, context_var};
///
/// context_var! {
///     static REQUEST_ID: u64;
///     static USER: &str;
///     static ATTEMPT: u32;
/// }
///
/// static LOGGED: [&dyn AnyVar; 2] = [&REQUEST_ID, &USER];
///
/// # fn main() {
/// let context = Context::new().with_value(&REQUEST_ID, 7).with_value(&ATTEMPT, 2);
/// assert_eq!(Fields::all().only(LOGGED).of(&context).to_string(), "request_id=7");
/// # }
/// ```
pub trait AnyVar: sealed::Sealed + Send + Sync {}

impl<T: Send + Sync + 'static> AnyVar for ContextVar<T> {}

mod sealed {
    use super::{ContextVar, Key};

    /// The key by which a variable is recognised.
    #[allow(missing_debug_implementations)] // The module is private.
    pub struct Identity(pub(super) &'static Key);

    pub trait Sealed {
        fn identity(&'static self) -> Identity;
    }

    impl<T: 'static> Sealed for ContextVar<T> {
        fn identity(&'static self) -> Identity {
            Identity(self.key.untyped())
        }
    }
}

/// The variables of a log line, and how they are written.
///
/// Names are in lower case (`request_id`) and sorted. Two variables with the same name are
/// distinguished by the paths of their modules (`app::vars::user`). A `#[redact]`ed variable is
/// written as `***`; use [`except`](Self::except) if even its presence reveals too much.
///
/// # Values
///
/// Each value stays one value on one line, whatever it contains. Strings are in quotes. A value of another
/// type is written as its `Display` prints it, else as its `Debug` prints it, else as the name of its type.
/// Such a value is in quotes unless it is one plain word. [`render`](Self::render) replaces its `Display`.
///
/// Inside the quotes, quotes and backslashes are escaped, and so are all characters of the Unicode
/// categories Cc, Cf, Zl and Zp. These are line breaks, terminal sequences, marks that change the
/// direction of writing, and invisible characters such as U+200B. The joiners U+200C and U+200D,
/// which Persian text and some emoji contain, are of category Cf and are escaped, too.
///
/// Values are formatted in an empty context. So a `Display` that writes a log line is not called
/// again for that line, and a `Display` that reads a variable sees the variable's default.
///
/// # Examples
///
/// ```
/// use context_vars::{Context, Fields, context_var};
///
/// context_var! {
///     static REQUEST_ID: u64;
///     static USER: String;
///     #[redact]
///     static PASSWORD: String;
/// }
///
/// # fn main() {
/// let context = Context::new()
///     .with_value(&REQUEST_ID, 7)
///     .with_value(&USER, "alice\nERROR forged".to_owned())
///     .with_value(&PASSWORD, "secret".to_owned());
/// let line = |fields: Fields| fields.of(&context).to_string();
///
/// assert_eq!(
///     line(Fields::all()),
///     r#"password=*** request_id=7 user="alice\nERROR forged""#,
/// );
/// assert_eq!(line(Fields::all().only([&REQUEST_ID, &PASSWORD])), "password=*** request_id=7");
/// assert_eq!(line(Fields::all().except([&PASSWORD, &USER])), "request_id=7");
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Fields {
    only: Option<Vec<&'static Key>>,
    except: Vec<&'static Key>,
    renderers: Vec<Renderer>,
}

impl Fields {
    /// Shows every variable that is set. A variable that has only its default is not shown.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Shows only these variables. Calling it again replaces the list.
    ///
    /// # Examples
    ///
    /// Two calls:
    ///
    /// ```
    /// use context_vars::{Context, Fields, context_var};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// let context = Context::new().with_value(&REQUEST_ID, 7).with_value(&USER, "alice");
    /// let fields = Fields::all().only([&REQUEST_ID]);
    /// assert_eq!(fields.of(&context).to_string(), "request_id=7");
    /// let fields = fields.only([&USER]);
    /// assert_eq!(fields.of(&context).to_string(), r#"user="alice""#);
    /// # }
    /// ```
    #[must_use]
    pub fn only<const N: usize>(mut self, vars: [&'static dyn AnyVar; N]) -> Self {
        self.only = Some(vars.map(|var| var.identity().0).into());
        self
    }

    /// Hides these variables. Calls accumulate.
    ///
    /// # Examples
    ///
    /// After [`only`](Self::only):
    ///
    /// ```
    /// use context_vars::{Context, Fields, context_var};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// let context = Context::new().with_value(&REQUEST_ID, 7).with_value(&USER, "alice");
    /// let fields = Fields::all().only([&REQUEST_ID, &USER]).except([&USER]);
    /// assert_eq!(fields.of(&context).to_string(), "request_id=7");
    /// # }
    /// ```
    #[must_use]
    pub fn except<const N: usize>(mut self, vars: [&'static dyn AnyVar; N]) -> Self {
        self.except.extend(vars.map(|var| var.identity().0));
        self
    }

    /// Writes the value of `var` with `render`, in place of its `Display` or `Debug`.
    ///
    /// The text is treated like the text of a `Display`. In a line of text it is in quotes unless it
    /// is one plain word, in JSON it is a string, and for `log` it is a string value. If `render`
    /// fails, the value ends there and the line continues. If `render` panics, so does the call that
    /// formats the line. Calling this method again for the same variable replaces the closure. A
    /// `#[redact]`ed variable is still written as `***`, because redaction is a property of the
    /// declaration that a format cannot override.
    ///
    /// # Examples
    ///
    /// One field of a struct, and a function in place of a closure:
    ///
    /// ```
    /// use std::fmt;
    ///
    /// use context_vars::{Context, Fields, context_var};
    ///
    /// #[derive(Debug)]
    /// struct User {
    ///     id: u64,
    ///     name: &'static str,
    /// }
    ///
    /// context_var! {
    ///     static USER: User;
    ///     static ATTEMPT: u32;
    /// }
    ///
    /// # fn main() {
    /// let context = Context::new()
    ///     .with_value(&USER, User { id: 7, name: "alice" })
    ///     .with_value(&ATTEMPT, 10);
    /// assert_eq!(
    ///     Fields::all().of(&context).to_string(),
    ///     r#"attempt=10 user="User { id: 7, name: \"alice\" }""#,
    /// );
    /// let fields = Fields::all()
    ///     .render(&USER, |user, out| write!(out, "{}-{}", user.name, user.id))
    ///     .render(&ATTEMPT, fmt::LowerHex::fmt);
    /// assert_eq!(fields.of(&context).to_string(), "attempt=a user=alice-7");
    /// # }
    /// ```
    #[must_use]
    pub fn render<T: Send + Sync + 'static>(
        mut self,
        var: &'static ContextVar<T>,
        render: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync + 'static,
    ) -> Self {
        let renderer = Renderer::new(&var.key, render);
        self.renderers
            .retain(|other| !other.is_for(var.key.untyped()));
        self.renderers.push(renderer);
        self
    }

    /// Returns a value that displays the fields of `context`, in the form that [`fields`] has for
    /// the current context.
    ///
    /// # Examples
    ///
    /// The report of work that was stopped:
    ///
    /// ```
    /// use context_vars::{Context, Fields, context_var};
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// let mut work = Context::new();
    /// work.run(|| {
    ///     USER.set("alice");
    /// });
    /// assert_eq!(format!("stopped: {}", Fields::all().of(&work)), r#"stopped: user="alice""#);
    /// # }
    /// ```
    pub fn of<'a>(&'a self, context: &'a Context) -> impl fmt::Display + use<'a> {
        struct Line<'a>(&'a Fields, &'a Context);
        impl fmt::Display for Line<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write_line(self.1, f)
            }
        }
        Line(self, context)
    }

    /// Calls `visit` with each field of `context`, sorted by name, inside an empty context.
    ///
    /// A value's `Display` may write log lines. If it saw the value in its own context, formatting
    /// that line would call it again, until the stack overflows.
    pub(crate) fn visit<'a, E>(
        &'a self,
        context: &'a Context,
        visit: impl FnMut(&Field<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        // Most lines have few fields, which are sorted without an allocation.
        const FEW: usize = 16;
        let mut few = [None; FEW];
        let mut more = Vec::new();
        let mut len = 0;
        context.each(|entry| {
            if self.has(&entry) {
                match few.get_mut(len) {
                    Some(free) => *free = Some(entry),
                    None => more.push(Some(entry)),
                }
                len += 1;
            }
        });
        if len == 0 {
            return Ok(());
        }
        let entries = if len <= FEW {
            &mut few[..len]
        } else {
            more.extend(few);
            &mut more
        };
        detached(|| self.visit_sorted(entries, visit))
    }

    /// Returns `true` if the entry is shown.
    fn has(&self, entry: &Entry<'_>) -> bool {
        let key = entry.key();
        let is_in = |list: &[&'static Key]| list.iter().any(|other| core::ptr::eq(*other, key));
        self.only.as_deref().is_none_or(is_in) && !is_in(&self.except)
    }

    fn visit_sorted<'a, E>(
        &'a self,
        entries: &mut [Option<Entry<'a>>],
        mut visit: impl FnMut(&Field<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        entries.sort_unstable_by_key(|entry| entry.map(|e| (e.name(), e.module_path())));
        let entries: &[_] = entries;
        let name_at = |at: usize| entries.get(at).copied().flatten().map(|e| e.name());
        for (at, entry) in entries.iter().enumerate() {
            if let Some(entry) = *entry {
                let before = at.checked_sub(1).and_then(name_at);
                let name = Some(entry.name());
                let ambiguous = name == before || name == name_at(at + 1);
                let renderer = self.renderers.iter().find(|r| r.is_for(entry.key()));
                visit(&Field::new(entry, ambiguous, renderer))?;
            }
        }
        Ok(())
    }

    fn write_line(&self, context: &Context, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        self.visit(context, |field| {
            write!(f, "{separator}{}=", field.name())?;
            separator = " ";
            write_text_value(f, field)
        })
    }
}

impl fmt::Debug for Fields {
    /// Prints the variables' names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("only", &self.only)
            .field("except", &self.except)
            .field("render", &self.renderers)
            .finish()
    }
}

/// Returns a snapshot of the current context that displays as log fields: `request_id=7 user="alice"`.
///
/// Unlike [`Context::current`], it includes `#[no_inherit]` variables. The snapshot keeps the values
/// alive, so an error that outlives the request should hold its text instead. [`Fields`] describes how
/// values are written, and can choose variables.
///
/// # Cost
///
/// One increment of a reference count. Displaying it sorts the fields and enters an empty context once.
/// It allocates if there are more than 16 fields, and for each value that is not a number, a boolean or
/// a string.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, fields};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// USER.sync_scope("alice", || {
///     assert_eq!(format!("cannot save: {}", fields()), r#"cannot save: user="alice""#);
/// });
/// # }
/// ```
pub fn fields() -> impl fmt::Display + Send + Sync + 'static {
    Context::current_with_locals()
}

impl fmt::Display for Context {
    /// Writes the fields of a line, for users and error reports; see [`Fields`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fields::all().write_line(self, f)
    }
}
