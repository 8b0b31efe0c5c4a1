//! The macros and the extension traits: `use context_vars::prelude::*;`.
//!
//! # Examples
//!
//! Without one more import:
//!
//! ```
//! use context_vars::prelude::*;
//!
//! context_var! {
//!     static USER: &str = "anonymous";
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let work = USER.sync_scope("alice", || async { USER.get() }.inherit_context());
//! assert_eq!(work.await, "alice");
//! # }
//! ```

pub use crate::in_context::ContextFutureExt;
pub use crate::iter::ContextIteratorExt;
#[cfg(feature = "tokio")]
pub use crate::join_set::JoinSetExt;
#[cfg(feature = "stream")]
pub use crate::stream::ContextStreamExt;
#[cfg(all(feature = "tokio", tokio_unstable))]
pub use crate::task::BuilderExt;
#[cfg(feature = "tokio-util")]
pub use crate::task_tracker::TaskTrackerExt;

#[cfg(feature = "macros")]
pub use context_vars_macros::{context_var, inherit_context, with_context};
