//! `ContextVar`: a context variable, its reads and its scopes. `set` and `reset` are in `token.rs`.

use core::fmt;
use core::future::Future;
use core::panic::Location;

use crate::error::LookupError;
use crate::raw::key::{Declaration, TypedKey};
use crate::raw::thread::{self, DefaultCell, SyncScope};
use crate::scope::Scope;

/// A variable whose value belongs to the current context.
///
/// Only [`context_var!`](crate::context_var) creates variables, always as a `static`. A variable is
/// identified by its declaration and not by its name: two variables with the same name in two modules
/// are independent of each other.
///
/// `Debug` prints the path of the variable and never a value.
///
/// # Examples
///
/// ```
/// use context_vars::context_var;
///
/// context_var! {
///     /// On whose behalf the current request runs.
///     pub static USER: String = "anonymous".to_owned();
/// }
///
/// # fn main() {
/// assert_eq!(USER.get(), "anonymous");
/// USER.sync_scope("alice".to_owned(), || assert_eq!(USER.get(), "alice"));
/// assert_eq!(USER.get(), "anonymous");
/// # }
/// ```
pub struct ContextVar<T: 'static> {
    pub(crate) key: TypedKey<T>,
    default: DefaultCell<T>,
}

impl<T: 'static> ContextVar<T> {
    /// Creates a variable, for the expansion of [`context_var!`](crate::context_var).
    #[track_caller]
    pub(crate) const fn declare(declaration: Declaration, default: Option<fn() -> T>) -> Self {
        Self {
            key: TypedKey::new(declaration),
            default: DefaultCell::new(default),
        }
    }

    /// Creates a variable for internal use by this crate, which no list of a context's entries shows.
    #[cfg(any(feature = "deadline", feature = "propagation"))]
    #[track_caller]
    pub(crate) const fn hidden(declaration: Declaration) -> Self {
        Self {
            key: TypedKey::hidden(declaration),
            default: DefaultCell::new(None),
        }
    }
}

/// Reads.
impl<T: Send + Sync + 'static> ContextVar<T> {
    /// Returns the value in the current context, else the default.
    ///
    /// # Panics
    ///
    /// Panics with the text of [`LookupError`] if the variable is not set and has no default. Panics
    /// if computing the default, which happens on first need, reads the default itself.
    ///
    /// # Cost
    ///
    /// One thread-local access, an index, and the clone; no allocation, lock or atomic operation
    /// beyond what `T::clone` does.
    ///
    /// # Examples
    ///
    /// A value, or the default:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(USER.get(), "anonymous");
    /// USER.sync_scope("alice", || assert_eq!(USER.get(), "alice"));
    /// # }
    /// ```
    ///
    /// Neither a value nor a default:
    ///
    /// ```should_panic
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// REQUEST_ID.get(); // names the variable, and where it is declared
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        match self.try_get() {
            Ok(value) => value,
            Err(error) => not_set(error),
        }
    }

    /// Returns the value in the current context, else the default.
    ///
    /// # Errors
    ///
    /// Returns an error if the variable is not set and has no default.
    ///
    /// # Panics
    ///
    /// Panics if computing the default, which happens on first need, reads the default itself.
    ///
    /// # Cost
    ///
    /// Equal to [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// No value and no default, then a default, then a value:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    ///     static REQUEST_ID: u64;
    /// }
    ///
    /// # fn main() {
    /// assert!(REQUEST_ID.try_get().is_err());
    /// assert_eq!(USER.try_get(), Ok("anonymous"));
    /// REQUEST_ID.sync_scope(7, || assert_eq!(REQUEST_ID.try_get(), Ok(7)));
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_get(&'static self) -> Result<T, LookupError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }

    /// Returns the value in the current context, else `fallback`, whether or not there is a default.
    ///
    /// # Cost
    ///
    /// Equal to [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// The fallback replaces the default but not a value:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(USER.get_or("nobody"), "nobody");
    /// USER.sync_scope("alice", || assert_eq!(USER.get_or("nobody"), "alice"));
    /// # }
    /// ```
    #[inline]
    pub fn get_or(&'static self, fallback: T) -> T
    where
        T: Clone,
    {
        self.get_or_else(|| fallback)
    }

    /// Returns the value in the current context, else the result of `fallback`, whether or not there is
    /// a default. `fallback` is not called if the variable is set.
    ///
    /// # Cost
    ///
    /// Equal to [`get`](Self::get), plus the call of `fallback`.
    #[inline]
    pub fn get_or_else(&'static self, fallback: impl FnOnce() -> T) -> T
    where
        T: Clone,
    {
        thread::with(&self.key, T::clone).unwrap_or_else(|_| fallback())
    }

    /// Calls `f` with the value in the current context, else with the default.
    ///
    /// `f` may do anything, including setting or resetting this variable. Its `&T` stays valid, because
    /// the old value is kept until `f` has returned.
    ///
    /// # Panics
    ///
    /// Panics where [`get`](Self::get) would.
    ///
    /// # Cost
    ///
    /// One thread-local access and an index; no clone. When this thread first drops a context or a
    /// value inside `f`, it increments one reference count for each `with` that is running.
    ///
    /// # Examples
    ///
    /// Reading without a clone:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: String = "anonymous".to_owned();
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(USER.with(|user| user.len()), 9);
    /// # }
    /// ```
    ///
    /// Setting the variable while its value is being read:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: String = "anonymous".to_owned();
    /// }
    ///
    /// # fn main() {
    /// USER.sync_scope("alice".to_owned(), || {
    ///     USER.with(|user| {
    ///         USER.set("bob".to_owned());
    ///         assert_eq!(user, "alice");
    ///         assert_eq!(USER.get(), "bob");
    ///     });
    /// });
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => not_set(error),
        }
    }

    /// Calls `f` with the value in the current context, else with the default.
    ///
    /// # Errors
    ///
    /// Returns an error if the variable is not set and has no default. `f` is then not called.
    ///
    /// # Panics
    ///
    /// Panics if computing the default, which happens on first need, reads the default itself.
    ///
    /// # Cost
    ///
    /// Equal to [`with`](Self::with).
    #[inline]
    #[track_caller]
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, LookupError> {
        match thread::with(&self.key, f) {
            Ok(result) => Ok(result),
            Err(f) => match self.default.get(&self.key) {
                Some(default) => Ok(f(default)),
                None => Err(LookupError::new(self.key.untyped())),
            },
        }
    }

    /// Returns `true` if the variable has a value in the current context. A default does not count.
    ///
    /// # Cost
    ///
    /// One thread-local access and an index.
    ///
    /// # Examples
    ///
    /// A default is not a value:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(USER.get(), "anonymous");
    /// assert!(!USER.is_set());
    /// USER.sync_scope("anonymous", || assert!(USER.is_set()));
    /// # }
    /// ```
    #[inline]
    #[must_use]
    pub fn is_set(&'static self) -> bool {
        thread::is_set(self.key.untyped())
    }
}

/// Scopes.
impl<T: Send + Sync + 'static> ContextVar<T> {
    /// Calls `f` in a scope: a copy of the current context with this variable set to `value`.
    ///
    /// Everything that `f` sets, in this variable or others, is dropped when `f` ends. For a future use
    /// [`scope`](Self::scope) instead: a future that `f` returns would run after the scope has ended.
    ///
    /// # Cost
    ///
    /// One block for the value and one node, both from the thread's free lists; two swaps of the
    /// current context.
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
    /// let greeting = USER.sync_scope("alice", || format!("hello {}", USER.get()));
    /// assert_eq!(greeting, "hello alice");
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    #[inline]
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        SyncScope::enter_with(&self.key, value).run(f)
    }

    /// Wraps `future` in a scope in which this variable is set to `value`.
    ///
    /// The scope's context is a copy of the context in which the future is first polled, and is kept
    /// for all later polls. Scopes therefore nest in the order of polling, whichever future was created
    /// first. Everything that the future sets is dropped when the future ends.
    ///
    /// # Cost
    ///
    /// See [`Scope`].
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// async fn who() -> &'static str {
    ///     tokio::task::yield_now().await;
    ///     USER.get()
    /// }
    ///
    /// let (a, b) = tokio::join!(USER.scope("alice", who()), USER.scope("bob", who()));
    /// assert_eq!((a, b), ("alice", "bob"));
    /// # }
    /// ```
    #[inline]
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> Scope<F> {
        let value = thread::new_value(&self.key, value).into_untyped();
        Scope::new(future, Some(value))
    }
}

/// The declaration.
impl<T: 'static> ContextVar<T> {
    /// Returns the name as it was declared, for example `"USER"`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.key.untyped().declaration.name
    }

    /// Returns the path of the module that declares the variable, for example `"app::vars"`.
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.key.untyped().declaration.module_path
    }

    /// Returns the file, line and column of the name in the declaration.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.key.untyped().location
    }
}

impl<T: 'static> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.key.untyped(), f)
    }
}

#[cold]
#[track_caller]
fn not_set(error: LookupError) -> ! {
    panic!("{error}");
}
