//! The kinds of values in a line: a number, a string, or a value that can be formatted.

use core::any::{Any, TypeId};
use core::fmt::{self, Display};
use std::borrow::Cow;
use std::sync::Arc;

use super::render::Renderer;
use crate::context::Entry;

/// One variable of a context, as a field.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    entry: Entry<'a>,
    /// `true` if another variable of this context has the same name.
    ambiguous: bool,
    /// Writes the value in place of its `Display`.
    renderer: Option<&'a Renderer>,
}

impl<'a> Field<'a> {
    pub(super) fn new(entry: Entry<'a>, ambiguous: bool, renderer: Option<&'a Renderer>) -> Self {
        Self {
            entry,
            ambiguous,
            renderer,
        }
    }

    /// Returns the name in lower case, after the module's path if the name alone is ambiguous.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        let field = self.entry.field();
        if self.ambiguous {
            Cow::Owned(format!("{}::{field}", self.entry.module_path()))
        } else {
            Cow::Borrowed(field)
        }
    }

    /// Returns the kind of the value, which is always `Redacted` for a `#[redact]`ed variable.
    pub(crate) fn kind(&self) -> Kind<'a> {
        if self.is_redacted() {
            return Kind::Redacted;
        }
        match self.renderer {
            Some(_) => Kind::Formatted,
            None => Kind::of(self.entry.any()).unwrap_or(Kind::Formatted),
        }
    }

    fn is_redacted(&self) -> bool {
        self.entry.key().declaration.redact
    }
}

impl Display for Field<'_> {
    /// Formats the value for users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.renderer {
            Some(renderer) if !self.is_redacted() => renderer.render(self.entry.any(), f),
            _ => self.entry.fmt(f),
        }
    }
}

/// The kind of a value.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// Prints as `***`.
    Redacted,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// A number of another size, which prints as it is.
    Number,
    Text(&'a str),
    /// A value of another type or with a renderer, of which only the formatted text is known.
    Formatted,
}

impl<'a> Kind<'a> {
    /// Returns the kind of a value whose type is one of the standard library's numbers and strings.
    fn of(value: &'a dyn Any) -> Option<Self> {
        let id = value.type_id();
        if id == TypeId::of::<String>() {
            return value.downcast_ref().map(|text: &String| Kind::Text(text));
        }
        macro_rules! try_types {
            ($($Type:ty => $kind:expr),* $(,)?) => {$(
                if id == TypeId::of::<$Type>() {
                    let kind: fn(&'a $Type) -> Kind<'a> = $kind;
                    return value.downcast_ref().map(kind);
                }
            )*};
        }
        try_types! {
            u64 => |n| Kind::Unsigned(*n),
            u32 => |n| Kind::Unsigned(u64::from(*n)),
            &'static str => |text| Kind::Text(text),
            Arc<str> => |text| Kind::Text(text),
            usize => |n| u64::try_from(*n).map_or(Kind::Number, Kind::Unsigned),
            i64 => |n| Kind::Signed(*n),
            i32 => |n| Kind::Signed(i64::from(*n)),
            bool => |b| Kind::Bool(*b),
            f64 => |n| Kind::Float(*n),
            u8 => |n| Kind::Unsigned(u64::from(*n)),
            u16 => |n| Kind::Unsigned(u64::from(*n)),
            i8 => |n| Kind::Signed(i64::from(*n)),
            i16 => |n| Kind::Signed(i64::from(*n)),
            isize => |n| i64::try_from(*n).map_or(Kind::Number, Kind::Signed),
            u128 => |_| Kind::Number,
            i128 => |_| Kind::Number,
            // Converted to `f64`, the number would print with more digits than it has.
            f32 => |n| if n.is_finite() { Kind::Number } else { Kind::Float(f64::from(*n)) },
            Box<str> => |text| Kind::Text(text),
            Cow<'static, str> => |text| Kind::Text(text),
        }
        None
    }
}
