//! The error of a read that finds no value, and the reasons for rejecting a token.
//!
//! [`ResetError`](crate::ResetError) contains a token and is therefore in `token.rs`, with
//! [`Token`](crate::Token).

use core::fmt;
use core::hash::{Hash, Hasher};
use core::panic::Location;

use crate::raw::key::Key;
use crate::raw::thread;

/// The error of reading a variable that has no value in the current context and no default.
///
/// The message names the variable with its module path and the place of its declaration. If the read
/// was in a thread or task that inherited nothing, the message also says how to inherit.
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
    /// `true` if the read was made where nothing is inherited: in the root of a thread, or in a task
    /// that did not enter the current context.
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

    /// Returns the name of the variable as it was declared, for example `"REQUEST_ID"`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.key.declaration.name
    }

    /// Returns the path of the module that declares the variable, for example `"app::vars"`.
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.key.declaration.module_path
    }

    /// Returns the file, line and column of the variable's name in its declaration.
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

/// The reason why a token was rejected.
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
    /// The token was made in another context than the current one. That context can be a scope that has
    /// ended, belong to another task or thread, or be the original of which the current context is a
    /// copy. The same error is returned in a tokio task that has no context of its own, where nothing
    /// can be set or reset.
    OtherContext,
}
