//! The attributes of this crate.

use std::fmt::{self, Display, Formatter};

use syn::Path;

/// An attribute of this crate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    With,
    Inherit,
    Detach,
}

impl Attribute {
    fn name(self) -> &'static str {
        match self {
            Self::With => "with_context",
            Self::Inherit => "inherit_context",
            Self::Detach => "detach_context",
        }
    }

    /// Returns `true` if `path` names this attribute, however it was imported.
    pub(crate) fn is_at(self, path: &Path) -> bool {
        is_named(path, self.name())
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#[{}]", self.name())
    }
}

/// Returns `true` if the last name of `path` is `name`.
pub(crate) fn is_named(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}
