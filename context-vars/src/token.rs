//! `set` and `reset`, and the `Token` that connects them.

use core::error::Error;
use core::fmt;
use core::marker::PhantomData;

use crate::bare_task::refuse_set;
use crate::error::ResetErrorKind;
use crate::raw::context::ContextId;
use crate::raw::thread;
use crate::raw::value::{ScopeValue, TypedValue};
use crate::var::ContextVar;

/// The undo record of one [`set`](ContextVar::set) or [`unset`](ContextVar::unset), which
/// [`reset`](ContextVar::reset) consumes.
///
/// A token is not a guard: dropping a token keeps the new value. A token can be sent to another
/// thread, but `reset` accepts it only in the context of its `set`. `Debug` prints no value.
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
    /// The value before the `set`; `None` if the variable was not set.
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

    /// Returns the variable that was set.
    #[must_use]
    pub fn var(&self) -> &'static ContextVar<T> {
        self.var
    }

    /// Returns the value that the variable had before the `set`, in the context of the `set`. Returns
    /// `None` if the variable was not set there, even if it has a default.
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

/// Writes.
impl<T: Send + Sync + 'static> ContextVar<T> {
    /// Sets the variable in the current context only.
    ///
    /// Resetting the token restores the previous state; dropping the token keeps the new value. Prefer
    /// a scope when the value should last for one function or block, because a scope cannot be
    /// forgotten.
    ///
    /// # Panics
    ///
    /// With the feature `tokio`, which is on by default, `set` panics in a tokio task or blocking
    /// closure if the current context was entered outside of the task. Such a context is the root of
    /// the thread, or a context in which an executor is driven. Otherwise the next task polled there
    /// would see the value. While the thread unwinds, `set` drops `value` instead of panicking, and
    /// returns a token that `reset` rejects.
    ///
    /// # Cost
    ///
    /// One block for the value, which comes from the thread's free list if the value has at most 104
    /// bytes. The first token made in a context allocates, and so does the first `set` after a copy was
    /// made.
    ///
    /// # Examples
    ///
    /// Setting for the rest of the current context:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// USER.sync_scope("alice", || {
    ///     USER.set("bob"); // the token is not needed, because the scope ends
    ///     assert_eq!(USER.get(), "bob");
    /// });
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    ///
    /// Setting and resetting:
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
    /// assert_eq!(USER.get(), "alice");
    /// token.reset().unwrap();
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn set(&'static self, value: T) -> Token<T> {
        if !thread::may_set() {
            return self.refused(value, "set");
        }
        let value = thread::new_value(&self.key, value);
        let (old, context) = thread::set(&self.key, Some(value));
        Token::new(self, old, context)
    }

    /// Removes the variable's value from the current context only.
    ///
    /// Reads then return the default, if the variable has one. Resetting the token restores the value;
    /// dropping the token leaves the variable unset.
    ///
    /// # Panics
    ///
    /// Panics where [`set`](Self::set) would.
    ///
    /// # Cost
    ///
    /// Like [`set`](Self::set), but needs no block for the value.
    ///
    /// # Examples
    ///
    /// Work that must not act for the user:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// USER.sync_scope("alice", || {
    ///     let token = USER.unset();
    ///     assert_eq!(USER.get(), "anonymous");
    ///     token.reset().unwrap();
    ///     assert_eq!(USER.get(), "alice");
    /// });
    /// # }
    /// ```
    #[track_caller]
    pub fn unset(&'static self) -> Token<T> {
        if !thread::may_set() {
            return self.refused((), "unset");
        }
        let (old, context) = thread::set(&self.key, None);
        Token::new(self, old, context)
    }

    /// Drops the value of a rejected `set` and returns a token that `reset` rejects as well.
    #[cold]
    #[track_caller]
    fn refused<V>(&'static self, value: V, was_set: &str) -> Token<T> {
        refuse_set(self.key.untyped(), was_set);
        drop(value);
        Token::new(self, None, None)
    }

    /// Prepares a value that generated code sets in a scope it has entered, without a token.
    #[inline]
    pub(crate) fn scope_value(&'static self, value: T) -> ScopeValue {
        thread::new_scope_value(&self.key, value)
    }

    /// Restores the state before the `set` that made `token`, including "unset", even if the variable
    /// was set again since.
    ///
    /// # Errors
    ///
    /// Returns an error if the token was made by another variable, if it was made in another context
    /// than the current one, or if `set` would panic here. The error contains the token, and nothing
    /// changes.
    ///
    /// # Cost
    ///
    /// One thread-local access. A node is copied if the context was copied after its last change.
    ///
    /// # Examples
    ///
    /// Resetting after the variable was set again:
    ///
    /// ```
    /// use context_vars::{ResetErrorKind, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    ///     static OTHER: &str;
    /// }
    ///
    /// # fn main() {
    /// let token = USER.set("alice");
    /// USER.set("bob");
    /// USER.reset(token).unwrap();
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    ///
    /// A token of another variable:
    ///
    /// ```
    /// use context_vars::{ResetErrorKind, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    ///     static OTHER: &str;
    /// }
    ///
    /// # fn main() {
    /// let token = USER.set("alice");
    /// let error = OTHER.reset(token).unwrap_err();
    /// assert_eq!(error.kind(), ResetErrorKind::OtherVariable);
    /// USER.reset(error.into_token()).unwrap();
    /// # }
    /// ```
    #[inline]
    pub fn reset(&'static self, mut token: Token<T>) -> Result<(), ResetError<T>> {
        if !core::ptr::eq(self, token.var) {
            let kind = ResetErrorKind::OtherVariable;
            return Err(ResetError { token, kind });
        }
        match thread::reset(&self.key, token.context, token.old.take()) {
            Ok(replaced) => {
                drop(replaced);
                Ok(())
            }
            Err(old) => {
                token.old = old;
                let kind = ResetErrorKind::OtherContext;
                Err(ResetError { token, kind })
            }
        }
    }
}

impl<T: Send + Sync + 'static> Token<T> {
    /// Equivalent to [`ContextVar::reset`] on the variable that made the token.
    ///
    /// # Errors
    ///
    /// Returns an error if the token was made in another context than the current one, or if `set`
    /// would panic here.
    ///
    /// # Cost
    ///
    /// Equal to [`ContextVar::reset`].
    ///
    /// # Examples
    ///
    /// Two tokens, of which the later token is reset first:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let outer = USER.set("alice");
    /// let inner = USER.set("bob");
    /// inner.reset().unwrap();
    /// assert_eq!(USER.get(), "alice");
    /// outer.reset().unwrap();
    /// assert!(!USER.is_set());
    /// # }
    /// ```
    #[inline]
    pub fn reset(self) -> Result<(), ResetError<T>> {
        self.var.reset(self)
    }
}

/// The error returned when `reset` rejects a token. It contains the token, and nothing has changed.
///
/// # Examples
///
/// A token from the context around the current context:
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
    /// Returns the reason why the token was rejected.
    #[must_use]
    pub fn kind(&self) -> ResetErrorKind {
        self.kind
    }

    /// Returns the token, which can still be used in the context of its `set`.
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
                "the token of `{var}` was made in another context than the current one, or this task \
                 has no context of its own"
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
