//! The key of a variable in every context: its id and its declaration.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;

use super::var_id::{LazyVarId, VarId, VarIdAllocator};

static INHERITABLE: VarIdAllocator = VarIdAllocator::inheritable();
static LOCAL: VarIdAllocator = VarIdAllocator::local();

/// A function that prints an erased value, instantiated where the type is known.
pub(crate) type PrintFn = fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result;

/// The properties of a variable that its declaration determines.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)] // only generated code reaches it
pub struct Declaration {
    /// The name of the static.
    pub name: &'static str,
    /// The name in lower case, for log fields.
    pub field: &'static str,
    /// The path of the declaring module.
    pub module_path: &'static str,
    /// `#[no_inherit]`: left out of snapshots.
    pub no_inherit: bool,
    /// `#[redact]`: never printed or logged.
    pub redact: bool,
    /// Prints a value for programmers, if the type implements `Debug`.
    pub debug: Option<PrintFn>,
    /// Prints a value for users, if the type implements `Display`.
    pub display: Option<PrintFn>,
}

/// All properties of a variable except for its type.
pub(crate) struct Key {
    id: LazyVarId,
    pub(crate) declaration: Declaration,
    pub(crate) location: &'static Location<'static>,
    /// `true` for an internal variable of this crate, which is left out of lists of a context's entries.
    pub(crate) hidden: bool,
}

impl Key {
    #[inline]
    pub(crate) fn id(&self) -> VarId {
        self.id.get()
    }

    /// Returns the variable's id, after assigning one at the first call.
    #[inline]
    pub(crate) fn id_for_set(&self) -> VarId {
        let id = self.id.get();
        if id.is_unassigned() {
            self.assign_id()
        } else {
            id
        }
    }

    #[cold]
    fn assign_id(&self) -> VarId {
        if self.declaration.no_inherit {
            LOCAL.assign(&self.id)
        } else {
            INHERITABLE.assign(&self.id)
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Declaration {
            module_path, name, ..
        } = self.declaration;
        write!(f, "{module_path}::{name}")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextVar({self})")
    }
}

/// The key of a variable of type `T`, which fixes the type of every value under its id.
///
/// The key is invariant in `T`, like a cell. Otherwise a key of `fn(&str)` could be used as a key of
/// `fn(&'static str)`, and be set to a function that keeps its argument for ever.
pub(crate) struct TypedKey<T: 'static> {
    key: Key,
    invariant: PhantomData<fn(T) -> T>,
}

impl<T: 'static> TypedKey<T> {
    #[track_caller]
    pub(crate) const fn new(declaration: Declaration) -> Self {
        Self {
            key: Key {
                id: LazyVarId::new(),
                declaration,
                location: Location::caller(),
                hidden: false,
            },
            invariant: PhantomData,
        }
    }

    /// Creates the key of a variable that no list of a context's entries shows.
    #[cfg(any(feature = "deadline", feature = "propagation"))]
    #[track_caller]
    pub(crate) const fn hidden(declaration: Declaration) -> Self {
        let mut typed = Self::new(declaration);
        typed.key.hidden = true;
        typed
    }

    #[inline]
    pub(crate) const fn untyped(&self) -> &Key {
        &self.key
    }
}
