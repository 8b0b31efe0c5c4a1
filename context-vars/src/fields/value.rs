//! What a value is to a line: a number, a text, or something that can be shown.

use core::any::{Any, TypeId};
use core::fmt::{self, Display};
use std::borrow::Cow;
use std::sync::Arc;

use crate::context::Entry;

/// One variable of a context, as a field.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    entry: Entry<'a>,
    /// Another variable of this context has the same name.
    ambiguous: bool,
}

impl<'a> Field<'a> {
    pub(super) fn new(entry: Entry<'a>, ambiguous: bool) -> Self {
        Self { entry, ambiguous }
    }

    /// The name in lower case; with the module's path if that alone tells it from another.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        let field = self.entry.field();
        if self.ambiguous {
            Cow::Owned(format!("{}::{field}", self.entry.module_path()))
        } else {
            Cow::Borrowed(field)
        }
    }

    /// What the value is. Of a `#[redact]`ed one nothing else is known.
    pub(crate) fn kind(&self) -> Kind<'a> {
        let declaration = &self.entry.key().declaration;
        if declaration.redact {
            return Kind::Redacted;
        }
        Kind::of(self.entry.any()).unwrap_or(match (declaration.display, declaration.debug) {
            (Some(_), _) => Kind::Display,
            (None, Some(_)) => Kind::Debug,
            (None, None) => Kind::TypeName,
        })
    }
}

impl Display for Field<'_> {
    /// The value for users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.fmt(f)
    }
}

/// What a value is.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// Prints as `***`.
    Redacted,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// A number that prints as it is, of more bits than fit into the others, or fewer.
    Number,
    Text(&'a str),
    /// A type with `Display`.
    Display,
    /// A type with `Debug` alone.
    Debug,
    /// A type with neither.
    TypeName,
}

impl<'a> Kind<'a> {
    /// The kind of the types of the standard library that lines are made of.
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
            // As a `f64` it would print with more digits than it has.
            f32 => |n| if n.is_finite() { Kind::Number } else { Kind::Float(f64::from(*n)) },
            Box<str> => |text| Kind::Text(text),
            Cow<'static, str> => |text| Kind::Text(text),
        }
        None
    }
}
