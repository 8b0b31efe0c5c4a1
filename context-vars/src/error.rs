//! What can go wrong: a read finds nothing, a token is refused.
//!
//! [`ResetError`](crate::ResetError) hands a token back and therefore stands beside
//! [`Token`](crate::Token), in `token.rs`.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::panic::Location;

use crate::raw::key::Key;
use crate::raw::thread;

/// A context variable was read that has no value in the current context and no default.
///
/// The text names the variable with its module path and the place of its declaration. If the read
/// was in a thread or task that inherited nothing, it also says how to inherit.
///
/// # Examples
///
/// ```
/// use context_vars::context_var;
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// let error = REQUEST_ID.try_get().unwrap_err();
/// assert_eq!(error.name(), "REQUEST_ID");
/// assert!(error.to_string().contains("is not set in the current context"));
/// # }
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct LookupError {
    key: &'static Key,
    /// Whether it was read where nothing is inherited: in the root of a thread, or in a task that did
    /// not enter the current context.
    nothing_inherited: bool,
}

impl LookupError {
    #[cold]
    pub(crate) fn new(key: &'static Key) -> Self {
        Self {
            key,
            nothing_inherited: thread::is_root() || !thread::may_set(),
        }
    }

    /// The name of the variable as it was declared, for example `"REQUEST_ID"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(REQUEST_ID.try_get().unwrap_err().name(), "REQUEST_ID");
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.key.declaration.name
    }

    /// The path of the module that declares the variable, for example `"app::vars"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let error = REQUEST_ID.try_get().unwrap_err();
    /// assert_eq!(error.module_path(), REQUEST_ID.module_path());
    /// # }
    /// ```
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.key.declaration.module_path
    }

    /// File, line and column of the variable's name in its declaration.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// let error = REQUEST_ID.try_get().unwrap_err();
    /// assert_eq!(error.location(), REQUEST_ID.location());
    /// # }
    /// ```
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.key.location
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "context variable `{}` is not set in the current context and has no default \
             (declared at {})",
            self.key, self.key.location
        )?;
        if self.nothing_inherited {
            f.write_str(
                "; threads and tasks inherit nothing by themselves: wrap the work in \
                 `inherit_context()` or `inherit`, or put `#[inherit_context]` on the function that \
                 spawns it",
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupError")
            .field("name", &self.name())
            .field("module_path", &self.module_path())
            .field("location", &format_args!("{}", self.location()))
            .finish()
    }
}

impl core::error::Error for LookupError {}

/// Errors are equal if they are about the same variable.
impl PartialEq for LookupError {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.key, other.key)
    }
}

impl Eq for LookupError {}

impl Hash for LookupError {
    fn hash<H: Hasher>(&self, state: &mut H) {
        core::ptr::from_ref(self.key).hash(state);
    }
}

/// Why a token was refused.
///
/// # Examples
///
/// ```
/// use context_vars::{ResetErrorKind, context_var, detached};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// let token = USER.set("alice");
/// let error = detached(|| USER.reset(token)).unwrap_err();
/// match error.kind() {
///     ResetErrorKind::OtherContext => {}
///     kind => panic!("{kind:?}"),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResetErrorKind {
    /// The token was made by a `set` of another context variable.
    OtherVariable,
    /// The token was made in another context than the current one: in a scope that has ended,
    /// in another task or thread, or in the context that the current one is a copy of. Or this is a
    /// tokio task that has no context of its own, where nothing can be set or reset.
    OtherContext,
}
