//! **Declare**: a context variable, its number, name, place and default.
//!
//! What can be done with a variable stands in `access.rs`, above the storage that it needs.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::AtomicPtr;

use crate::error::LookupError;
use crate::raw::first::First;
use crate::raw::var_id::{Number, Numbering};

/// Numbers from here on belong to `#[no_inherit]` variables, which live in a map of their own.
pub(crate) const LOCAL: u32 = 1 << 31;

static INHERITED: Numbering = Numbering::after(0);
static NOT_INHERITED: Numbering = Numbering::after(LOCAL);

/// A variable whose value belongs to the current context.
///
/// Made by [`context_var!`](crate::context_var) alone, always as a `static`. Its identity is the
/// declaration, never its name: two variables of one name in two modules have nothing to do with
/// each other.
///
/// `Debug` prints the path, never a value.
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
    pub(crate) info: Info,
    pub(crate) default: DefaultValue<T>,
    /// Invariant, as a cell is: a `ContextVar<fn(&str)>` that could stand for a
    /// `ContextVar<fn(&'static str)>` could be set to a function that keeps what it is called with.
    invariant: PhantomData<fn(T) -> T>,
}

impl<T: 'static> ContextVar<T> {
    /// What [`context_var!`](crate::context_var) expands to calls this.
    #[track_caller]
    pub(crate) const fn declare(declaration: Declaration, default: Option<fn() -> T>) -> Self {
        Self {
            info: Info {
                number: Number::none(),
                declaration,
                location: Location::caller(),
            },
            default: DefaultValue {
                make: default,
                made: First::none(),
            },
            invariant: PhantomData,
        }
    }

    /// The name as it was declared, for example `"USER"`.
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
    /// assert_eq!(USER.name(), "USER");
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.info.declaration.name
    }

    /// The path of the module that declares it, for example `"app::vars"`.
    ///
    /// # Examples
    ///
    /// Which of two variables of one name:
    ///
    /// ```
    /// use context_vars::context_var;
    ///
    /// mod billing {
    ///     context_vars::context_var! {
    ///         pub static USER: &str = "anonymous";
    ///     }
    /// }
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// assert_ne!(USER.module_path(), billing::USER.module_path());
    /// assert!(billing::USER.module_path().ends_with("::billing"));
    /// # }
    /// ```
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.info.declaration.module_path
    }

    /// File, line and column of the name in the declaration.
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
    /// let place = USER.location();
    /// println!("declared at {}:{}", place.file(), place.line());
    /// # assert!(place.line() > 0);
    /// # }
    /// ```
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.info.location
    }
}

impl<T: 'static> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.info, f)
    }
}

/// Prints an erased value; made where its type is known.
pub(crate) type ShowFn = fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result;

/// What the macro found written about a variable.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)] // reachable for generated code alone
pub struct Declaration {
    /// The name of the static.
    pub name: &'static str,
    /// The same in lower case, for log fields.
    pub field: &'static str,
    /// The module that declares it.
    pub module_path: &'static str,
    /// `#[no_inherit]`: left out of snapshots.
    pub no_inherit: bool,
    /// `#[redact]`: never printed or logged.
    pub redact: bool,
    /// How to print a value for programmers, if its type can.
    pub debug: Option<ShowFn>,
    /// How to print a value for users, if its type can.
    pub display: Option<ShowFn>,
}

/// All that is known of a variable apart from its type.
pub(crate) struct Info {
    number: Number,
    pub(crate) declaration: Declaration,
    pub(crate) location: &'static Location<'static>,
}

impl Info {
    /// The variable's number, or 0 if it was never set.
    #[inline]
    pub(crate) fn number(&self) -> u32 {
        self.number.get()
    }

    /// The variable's number; hands one out at the first call.
    #[inline]
    pub(crate) fn number_for_set(&self) -> u32 {
        match self.number.get() {
            0 if self.declaration.no_inherit => NOT_INHERITED.assign(&self.number),
            0 => INHERITED.assign(&self.number),
            number => number,
        }
    }

    #[cold]
    pub(crate) fn lookup_error(&self) -> LookupError {
        LookupError {
            name: self.declaration.name,
            module_path: self.declaration.module_path,
            location: self.location,
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Declaration {
            module_path, name, ..
        } = self.declaration;
        write!(f, "{module_path}::{name}")
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextVar({self})")
    }
}

/// A declared default: how it is computed, and the one result that every reader gets.
pub(crate) struct DefaultValue<T> {
    pub(crate) make: Option<fn() -> T>,
    pub(crate) made: First<Made>,
}

/// The computed default, erased; `value.rs` alone makes one and knows what it points to.
///
/// So a variable is `Sync` whatever its type, and the one complaint about a type that cannot be
/// shared is that of `__private::Shareable`, in our words. Every method asks for `Send + Sync`.
pub(crate) struct Made(pub(crate) AtomicPtr<()>);
