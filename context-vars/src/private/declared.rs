//! The macro `declared!`, which generated code calls for each variable.

use core::any::Any;
use core::fmt::{self, Debug, Display};
use core::marker::PhantomData;

pub use crate::raw::key::Declaration;
use crate::raw::key::PrintFn;

/// The properties of a variable, and whether its declaration is in a module.
#[derive(Clone, Copy)]
pub struct Declared {
    pub declaration: Declaration,
    pub in_module: bool,
}

/// `declared!(name, field, type, no_inherit, redact)` creates a [`Declared`].
///
/// For one variable of each call of `context_var!`, two more arguments follow: the number of the call,
/// and the name of its marker. The marker is a constant beside the variable that holds the position of
/// the call. The position and number of this call are compared with the marker in the module:
///
/// A path that starts with `self::` sees the module and never the body of a function. An item that
/// a glob imports into the inner block takes precedence over the item in the outer block. So the
/// name refers to this call's marker if the call is in the module. Otherwise it refers to the
/// constant of zeros below, or to the marker of another variable of that name in the module, which
/// has another position.
#[doc(hidden)]
#[macro_export]
macro_rules! __declared {
    (
        $name:literal, $field:literal, $type:ty, $no_inherit:literal, $redact:literal
        $(, $number:literal, $marker:ident)?
    ) => {{
        use $crate::__private::declared::NoShow as _;
        $crate::__private::declared::Declared {
            declaration: $crate::__private::declared::Declaration {
                name: $name,
                field: $field,
                module_path: ::core::module_path!(),
                no_inherit: $no_inherit,
                redact: $redact,
                debug: <$crate::__private::declared::Show<$type>>::DEBUG,
                display: <$crate::__private::declared::Show<$type>>::DISPLAY,
            },
            in_module: true $(&& {
                #[allow(dead_code, non_upper_case_globals)]
                const $marker: (u32, u32, u32) = (0, 0, 0);
                {
                    #[allow(unused_imports, clippy::wildcard_imports)]
                    use self::*;
                    // No local variable is bound here, because an item of the module could have its
                    // name.
                    $crate::__private::declared::same_call(
                        (::core::line!(), ::core::column!(), $number),
                        $marker,
                    )
                }
            })?,
        }
    }};
}

/// Returns `true` if this call of `context_var!` created the marker.
#[must_use]
pub const fn same_call(here: (u32, u32, u32), marker: (u32, u32, u32)) -> bool {
    here.0 == marker.0 && here.1 == marker.1 && here.2 == marker.2
}

/// The functions that print a `T`: `Show::<T>::DEBUG` is `None` if `T` has no `Debug`.
///
/// Inherent constants whose bounds hold take precedence over those of the trait [`NoShow`].
pub struct Show<T>(PhantomData<fn(T)>);

impl<T: Debug + 'static> Show<T> {
    pub const DEBUG: Option<PrintFn> = Some(debug::<T>);
}

impl<T: Display + 'static> Show<T> {
    pub const DISPLAY: Option<PrintFn> = Some(display::<T>);
}

/// The constants of `Show` for all other types.
pub trait NoShow {
    const DEBUG: Option<PrintFn> = None;
    const DISPLAY: Option<PrintFn> = None;
}

impl<T> NoShow for Show<T> {}

fn debug<T: Debug + 'static>(value: &dyn Any, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    value
        .downcast_ref::<T>()
        .map_or(Ok(()), |value| value.fmt(f))
}

fn display<T: Display + 'static>(value: &dyn Any, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    value
        .downcast_ref::<T>()
        .map_or(Ok(()), |value| value.fmt(f))
}
