//! The variables of a context as the fields of a line: for logs, panics and errors.

// The folder's own ladder: a file imports only from those above it.
mod value;
mod escape;
mod text;
#[cfg(feature = "tracing")]
mod json;
mod choose;

pub use self::choose::{AnyVar, Fields, fields};
#[cfg(feature = "tracing")]
pub(crate) use self::json::{write_json_text, write_json_value};
#[cfg(feature = "log")]
pub(crate) use self::text::one_line;
#[cfg(feature = "tracing")]
pub(crate) use self::text::write_text_value;
#[cfg(feature = "log")]
pub(crate) use self::value::{Field, Kind};
