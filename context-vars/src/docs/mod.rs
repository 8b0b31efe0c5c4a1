//! The pages of the documentation, compiled and tested with it.
//!
//! * [`semantics`]: the contract, rule by rule, with a picture.
//! * [`limitations`]: what the crate does not do.
//! * [`from_python`], [`from_task_local`]: equivalents side by side, and everything that differs.
//! * [`comparison`]: this crate beside its alternatives.
//! * [`testing`]: tests that set variables.
//! * [`channels`]: workers, caches and jobs that outlive a request.
//! * [`libraries`]: variables in a library that others use.
//! * `web` (features `http` and `deadline`): from a request's header to the last byte of its response.
//! * `baggage` (feature `propagation`): the values that arrive when OpenTelemetry sends or receives
//!   them.
//! * [`macros`]: the code that the macros generate.
//! * [`design`]: the inner workings, and why they are sound.

/// The contract: which work shares a context, and which work has a separate one.
///
#[doc = include_str!("request.svg")]
///
#[doc = include_str!("semantics.md")]
#[doc = include_str!("files.md")]
pub mod semantics {}

#[doc = include_str!("limitations.md")]
#[doc = include_str!("files.md")]
pub mod limitations {}

#[doc = include_str!("from_python.md")]
#[doc = include_str!("files.md")]
pub mod from_python {}

#[doc = include_str!("from_task_local.md")]
#[doc = include_str!("files.md")]
pub mod from_task_local {}

#[doc = include_str!("comparison.md")]
#[doc = include_str!("files.md")]
pub mod comparison {}

#[doc = include_str!("testing.md")]
#[doc = include_str!("files.md")]
pub mod testing {}

#[doc = include_str!("channels.md")]
#[doc = include_str!("files.md")]
pub mod channels {}

#[doc = include_str!("libraries.md")]
#[doc = include_str!("files.md")]
pub mod libraries {}

#[cfg(all(feature = "deadline", feature = "http"))]
#[doc = include_str!("web.md")]
pub mod web {}

#[cfg(feature = "propagation")]
#[doc = include_str!("baggage.md")]
pub mod baggage {}

#[doc = include_str!("macros.md")]
#[doc = include_str!("files.md")]
pub mod macros {}

#[doc = include_str!("design.md")]
#[doc = include_str!("files.md")]
pub mod design {}
