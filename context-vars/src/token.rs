//! What a `set` must remember so that `reset` can take it back.

use core::error::Error;
use core::fmt;
use core::marker::PhantomData;

use crate::error::ResetErrorKind;
use crate::raw::context::ContextId;
use crate::raw::value::TypedValue;
use crate::var::ContextVar;

/// What [`ContextVar::set`] hands out and `reset` takes back.
///
/// A token is used once: `reset` consumes it. Dropped unused it changes nothing. It may cross
/// threads, but only the context that it was made in accepts it. `Debug` shows no value.
///
/// # Examples
///
/// ```
/// use context_vars::context_var;
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() -> Result<(), context_vars::ResetError<&'static str>> {
/// let token = USER.set("alice");
/// assert_eq!(token.old_value(), None);
/// assert_eq!(token.var().name(), "USER");
/// token.reset()?;
/// assert_eq!(USER.get(), "anonymous");
/// # Ok(())
/// # }
/// ```
pub struct Token<T: 'static> {
    pub(crate) var: &'static ContextVar<T>,
    /// What was there before; `None` if the variable was not set.
    pub(crate) old: Option<TypedValue<T>>,
    /// The context of the `set`; `None` in the root of a thread that was ending.
    pub(crate) context: Option<ContextId>,
    value: PhantomData<T>,
}

impl<T: 'static> Token<T> {
    pub(crate) fn new(
        var: &'static ContextVar<T>,
        old: Option<TypedValue<T>>,
        context: Option<ContextId>,
    ) -> Self {
        Self {
            var,
            old,
            context,
            value: PhantomData,
        }
    }

    /// The variable that was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let token = USER.set("alice");
    /// assert!(std::ptr::eq(token.var(), &USER));
    /// # token.reset().unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn var(&self) -> &'static ContextVar<T> {
        self.var
    }

    /// The value that the variable had before in the context of the `set`; `None` if it was not
    /// set there, whatever its default.
    ///
    /// # Examples
    ///
    /// Unset, a default, a value:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let first = USER.set("alice");
    /// assert_eq!(first.old_value(), None); // a default is no value
    /// let second = USER.set("bob");
    /// assert_eq!(second.old_value(), Some(&"alice"));
    /// # }
    /// ```
    #[must_use]
    pub fn old_value(&self) -> Option<&T> {
        self.old.as_ref().map(TypedValue::get)
    }
}

impl<T: 'static> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("var", self.var)
            .field("was_set", &self.old.is_some())
            .finish_non_exhaustive()
    }
}

/// A token was refused; nothing has changed, and the token is handed back.
///
/// # Examples
///
/// A token of the context around the current one:
///
/// ```
/// use context_vars::{ResetErrorKind, context_var, detached};
///
/// context_var! {
///     static USER: &str;
/// }
///
/// # fn main() {
/// let token = USER.set("alice");
/// let error = detached(|| token.reset()).unwrap_err();
/// assert_eq!(error.kind(), ResetErrorKind::OtherContext);
/// assert_eq!(USER.get(), "alice");
/// error.into_token().reset().unwrap();
/// assert!(!USER.is_set());
/// # }
/// ```
#[non_exhaustive]
pub struct ResetError<T: 'static> {
    pub(crate) token: Token<T>,
    pub(crate) kind: ResetErrorKind,
}

impl<T: 'static> ResetError<T> {
    /// Why the token was refused.
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
    /// let error = detached(|| token.reset()).unwrap_err();
    /// assert_eq!(error.kind(), ResetErrorKind::OtherContext);
    /// # }
    /// ```
    #[must_use]
    pub fn kind(&self) -> ResetErrorKind {
        self.kind
    }

    /// The token, unused.
    ///
    /// # Examples
    ///
    /// ```
    /// use context_vars::{context_var, detached};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let token = USER.set("alice");
    /// let error = detached(|| token.reset()).unwrap_err();
    /// error.into_token().reset().unwrap(); // where it was made
    /// assert!(!USER.is_set());
    /// # }
    /// ```
    pub fn into_token(self) -> Token<T> {
        self.token
    }
}

impl<T: 'static> fmt::Display for ResetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let var = self.token.var.key.untyped();
        match self.kind {
            ResetErrorKind::OtherVariable => {
                write!(
                    f,
                    "the token was made by `set` of another variable, `{var}`"
                )
            }
            ResetErrorKind::OtherContext => write!(
                f,
                "the token of `{var}` was made in another context than the current one"
            ),
        }
    }
}

impl<T: 'static> fmt::Debug for ResetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetError")
            .field("kind", &self.kind)
            .field("token", &self.token)
            .finish()
    }
}

impl<T: 'static> Error for ResetError<T> {}
