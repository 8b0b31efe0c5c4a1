//! The variables of a context as the fields of a line: for logs, panics and errors.

mod value;
mod escape;
mod text;
#[cfg(feature = "tracing")]
mod json;

use core::fmt;

use crate::context::{Context, Entry};
use crate::raw::key::Key;
use crate::var::ContextVar;

#[cfg(feature = "tracing")]
pub(crate) use self::json::{write_json_text, write_json_value};
#[cfg(feature = "log")]
pub(crate) use self::text::one_line;
pub(crate) use self::text::write_text_value;
pub(crate) use self::value::Field;
#[cfg(feature = "log")]
pub(crate) use self::value::Kind;

/// A context variable of any type: `&USER` is a `&'static dyn AnyVar`.
///
/// For lists of variables, as [`Fields::only`] takes.
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

    /// Which variable it is.
    #[allow(missing_debug_implementations)] // out of reach
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

/// Which variables stand in a log line.
///
/// They are named in lower case (`request_id`), sorted by name; two of one name are told apart by
/// the path of their module (`app::vars::user`). A `#[redact]`ed one prints as `***`, and is best
/// left out where its presence alone says too much.
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
}

impl Fields {
    /// Every variable that is set.
    ///
    /// # Examples
    ///
    /// A default is no value:
    ///
    /// ```
    /// use context_vars::{Context, Fields, context_var};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let context = Context::new().with_value(&REQUEST_ID, 7);
    /// assert_eq!(Fields::all().of(&context).to_string(), "request_id=7");
    /// # }
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// None but these. Said twice, the last one holds.
    ///
    /// # Examples
    ///
    /// Said twice:
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

    /// Without these. Said twice, both hold.
    ///
    /// # Examples
    ///
    /// After [`only`](Self::only) as well:
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

    /// The fields of `context`, as [`fields`] shows those of the current one.
    ///
    /// # Examples
    ///
    /// Of work that was stopped, for its report:
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
    /// work.run(|| drop(USER.set("alice")));
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

    /// Calls `visit` with each field of `context`, sorted by name.
    pub(crate) fn visit<'a, E>(
        &self,
        context: &'a Context,
        visit: impl FnMut(&Field<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        // Lines are written often, and have few fields: those are sorted in place.
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
        if len <= FEW {
            return visit_sorted(&mut few[..len], visit);
        }
        more.extend(few);
        visit_sorted(&mut more, visit)
    }

    /// Returns whether the entry was chosen.
    fn has(&self, entry: &Entry<'_>) -> bool {
        let key = entry.key();
        let is_in = |list: &[&'static Key]| list.iter().any(|other| core::ptr::eq(*other, key));
        self.only.as_deref().is_none_or(is_in) && !is_in(&self.except)
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

fn visit_sorted<'a, E>(
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
            visit(&Field::new(entry, ambiguous))?;
        }
    }
    Ok(())
}

impl fmt::Debug for Fields {
    /// The variables' names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("only", &self.only)
            .field("except", &self.except)
            .finish()
    }
}

/// The current context as the fields of a line: `request_id=7 user="alice"`.
///
/// A copy is taken here, so that it can be shown later and elsewhere. Other than
/// [`Context::current`] it holds `#[no_inherit]` variables, too, and keeps them alive: an error that
/// outlives them should hold its text instead. It is one line, whatever the
/// values hold: texts stand in quotes with what could end or overwrite a line escaped; a value of
/// another type stands without quotes if its `Display` is one plain word. `#[redact]`ed values are
/// `***`. [`Fields`] chooses.
///
/// # Cost
///
/// One increment of a reference count here; to show it, a sort, and an allocation if there
/// are more than 16.
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
    /// As fields of a line, for users and error reports: see [`fields`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fields::all().write_line(self, f)
    }
}
