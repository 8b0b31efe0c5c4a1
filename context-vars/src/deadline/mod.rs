//! Deadlines of the current work, and its cancellation when its request ends.
//!
//! A deadline belongs to a piece of work, not to one call. [`timeout`] gives the work a deadline,
//! which follows the work like a context variable: through calls, into spawned work that inherits,
//! and into messages. Nested timeouts take the minimum, because a part cannot take longer than the
//! whole. [`Elapsed::is_inherited`] returns `true` if the deadline that passed belonged to the work
//! around a timeout.
//!
//! A server gives its requests deadlines with `ContextLayer::deadline` of the module `web` (feature
//! `http`). Such a deadline covers the request up to the last byte of the response.
//!
//! # Cancelling
//!
//! Dropping a future stops what it awaits. It does not stop what it has *spawned*: a plain task, or a
//! task that only inherits, continues. This is right for a mail that must be sent, and wrong for a
//! report that will not be read. A child wrapped in [`cancel_with_request`] stops with its request: at
//! its first poll after the [`timeout`] or [`scope`] around the request has completed, was dropped, or
//! has run out of time. A child that is never awoken, or that computes without an `.await`, cannot be
//! stopped from outside; it can call [`is_cancelled`].
//!
//! | work | when its request has ended |
//! |---|---|
//! | `task::spawn(work)` | continues |
//! | `task::spawn(deadline::cancel_with_request(work))` | stops at its next poll |
//! | `task::spawn_blocking(..)` | continues; can call [`is_cancelled`] |
//! | `task::spawn(deadline::detached(work))` | continues, with all the time that it asks for |
//!
//! Work that continues still has the deadline that it inherited. Once that deadline has passed, a
//! timeout inside the work ends immediately. If work needs its own time, run it [`detached`].
//!
//! Scopes nest. A child belongs to the innermost scope that has not *completed* when the child is
//! wrapped. The end of that scope, or of a scope around it, stops the child. So a child stops with the
//! part of the request in which it was started. A child that is started after that part has completed
//! stops with the request itself:
//!
//! | the scope that the child inherited | a child wrapped before | a child wrapped after |
//! |---|---|---|
//! | completes, inside another scope | stops | stops with the scope around it |
//! | completes, and is the outermost | stops | stops at once |
//! | is dropped, or runs out of time | stops | stops at once |
//!
//! [`Cancelled::kind`] returns the way in which the scope ended.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use context_vars::deadline;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! async fn query() -> Result<u32, deadline::Elapsed> {
//!     // An hour for this alone, but the request has less.
//!     deadline::timeout(Duration::from_secs(3600), async {
//!         assert!(deadline::time_left().unwrap() < Duration::from_secs(1));
//!         tokio::time::sleep(Duration::from_secs(60)).await;
//!         1
//!     })
//!     .await
//! }
//!
//! let request = deadline::timeout(Duration::from_millis(20), async {
//!     let report = tokio::spawn(deadline::cancel_with_request(std::future::pending::<()>()));
//!     (query().await, report)
//! });
//! let (answer, report) = request.await.unwrap();
//! assert!(answer.unwrap_err().is_inherited());
//! assert!(report.await.unwrap().is_err()); // stopped
//! # }
//! ```

mod cancel;
mod error;
mod limit;
#[cfg(feature = "http")]
pub(crate) mod request;
mod scope;
mod scope_state;
mod timeout;

pub use self::cancel::{CancelWithRequest, cancel_with_request, cancelled};
pub use self::error::{Cancelled, CancelledKind, Elapsed};
pub use self::limit::{detached, is_cancelled, time_left};
pub use self::scope::{CancelScope, scope};
pub use self::timeout::{Timeout, timeout};
