//! `set` and `reset`, and the `Token` between them.

use core::error::Error;
use core::fmt;
use core::marker::PhantomData;

use crate::bare_task::refuse_set;
use crate::error::ResetErrorKind;
use crate::raw::context::ContextId;
use crate::raw::thread;
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

/// Changing.
impl<T: Send + Sync + 'static> ContextVar<T> {
    /// Sets the variable in the current context, and there only.
    ///
    /// Resetting the token restores what was there before; dropping it changes nothing. Prefer a scope
    /// when the value should last for one function or block, because a scope cannot be forgotten.
    ///
    /// # Panics
    ///
    /// With the feature `tokio`, which is on by default: in a tokio task or blocking closure, if the
    /// current context was entered outside of it. That is the root of the thread, or a context in
    /// which an executor is driven. The next task polled there would see the value. While the thread
    /// unwinds, `value` is dropped instead, and `reset` refuses the token.
    ///
    /// # Cost
    ///
    /// A block for the value, from the thread's free list if it has at most 104 bytes. The first
    /// token made in a context allocates, and so does the first `set` after a copy was made.
    ///
    /// # Examples
    ///
    /// For the rest of the current context:
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
    ///     drop(USER.set("bob")); // the token is not needed: the scope ends
    ///     assert_eq!(USER.get(), "bob");
    /// });
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    ///
    /// For a while:
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

    /// Removes the variable's value from the current context, and from there only.
    ///
    /// Reads then give the default, if the variable has one. The token puts the value back; dropped, it
    /// changes nothing.
    ///
    /// # Panics
    ///
    /// Where [`set`](Self::set) would.
    ///
    /// # Cost
    ///
    /// Like [`set`](Self::set), but needs no block for the value.
    ///
    /// # Examples
    ///
    /// For a part of the work that must not act for the user:
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

    /// Drops the value of a `set` that is refused, and returns a token that `reset` refuses as well.
    #[cold]
    #[track_caller]
    fn refused<V>(&'static self, value: V, was_set: &str) -> Token<T> {
        refuse_set(self.key.untyped(), was_set);
        drop(value);
        Token::new(self, None, None)
    }

    /// Sets the variable in a scope that generated code has entered; nothing takes it back.
    #[inline]
    pub(crate) fn set_in_scope(&'static self, value: T) {
        thread::set_in_scope(&self.key, value);
    }

    /// Puts back what was there before the `set` that made `token`, "nothing" included, whatever
    /// has been set since.
    ///
    /// # Errors
    ///
    /// If the token was made by another variable, or in another context than the current one, or if
    /// `set` would panic here. The token is handed back and nothing has changed.
    ///
    /// # Cost
    ///
    /// One thread-local access. A node is copied if a copy of the context was made since.
    ///
    /// # Examples
    ///
    /// Whatever was set since:
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
    /// drop(USER.set("bob"));
    /// USER.reset(token).unwrap();
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    ///
    /// Another variable's token:
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
    /// As [`ContextVar::reset`] of the variable that made the token.
    ///
    /// # Errors
    ///
    /// If the token was made in another context than the current one, or if `set` would panic here.
    ///
    /// # Cost
    ///
    /// As [`ContextVar::reset`].
    ///
    /// # Examples
    ///
    /// Nested, the inner one first:
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
