//! The formats of `tracing-subscriber`, and where variables are written in each.

use tracing_subscriber::fmt::format::{Compact, Format, Full, Json, Pretty};

/// A format that [`ContextFormat::new`](super::ContextFormat::new) knows: full, compact, pretty
/// or JSON.
///
/// # Examples
///
/// A function for any of these formats:
///
/// ```
/// use context_vars::logs::{ContextFormat, KnownFormat};
/// use tracing_subscriber::fmt::format;
///
/// fn with_variables<F: KnownFormat>(format: F) -> ContextFormat<F> {
///     ContextFormat::new(format).key("vars")
/// }
///
/// let lines = with_variables(format().compact());
/// let objects = with_variables(format().json());
/// # let _ = (lines, objects);
/// ```
pub trait KnownFormat: sealed::Sealed + Clone {}

impl<F: sealed::Sealed + Clone> KnownFormat for F {}

/// The place in an event where variables are written.
#[derive(Clone, Copy, Debug)]
#[allow(unnameable_types)] // Only the sealed trait names it.
pub enum Shape {
    /// At the end of the line.
    Line,
    /// On a separate line, before the empty line.
    Lines,
    /// In the object, under a key.
    Object,
}

mod sealed {
    use super::Shape;

    pub trait Sealed {
        const SHAPE: Shape;
        /// Returns the same format with colours, whatever it writes to.
        fn in_colour(self) -> Self;
    }
}

macro_rules! known {
    ($($Format:ty => $shape:expr),* $(,)?) => {$(
        impl<T> sealed::Sealed for Format<$Format, T> {
            const SHAPE: Shape = $shape;
            fn in_colour(self) -> Self {
                self.with_ansi(true)
            }
        }
    )*};
}

known! {
    Full => Shape::Line,
    Compact => Shape::Line,
    Pretty => Shape::Lines,
    Json => Shape::Object,
}
