//! The macros and the extension traits: `use context_vars::prelude::*;`.

pub use crate::future::ContextFutureExt;
pub use crate::iter::ContextIteratorExt;
#[cfg(feature = "tokio")]
pub use crate::join_set::JoinSetExt;
#[cfg(all(feature = "tokio", tokio_unstable))]
pub use crate::runtime_hook::BuilderExt;
#[cfg(feature = "stream")]
pub use crate::stream::ContextStreamExt;
#[cfg(feature = "tokio-util")]
pub use crate::task_tracker::TaskTrackerExt;

#[cfg(feature = "macros")]
pub use context_vars_macros::{context_var, inherit_context, with_context};
