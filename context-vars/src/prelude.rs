//! The macros and [`ContextExt`]: `use context_vars::prelude::*;`.
//!
//! # Examples
//!
//! The glob import is the only import needed:
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

pub use crate::in_context::ContextExt;

#[cfg(feature = "macros")]
pub use context_vars_macros::{context_var, detach_context, inherit_context, with_context};
