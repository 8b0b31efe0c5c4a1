//! Threads that inherit.
//!
//! # Examples
//!
//! A named thread, created by the builder of the standard library:
//!
//! ```
//! use context_vars::{context_var, inherit};
//!
//! context_var! {
//!     static USER: &str = "anonymous";
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! let worker = std::thread::Builder::new().name("worker".to_owned());
//! let worker = USER.sync_scope("alice", || worker.spawn(inherit(|| USER.get())))?;
//! assert_eq!(worker.join().unwrap(), "alice");
//! # Ok(())
//! # }
//! ```

use std::thread::JoinHandle;

/// Spawns a thread that runs in a copy of the current context. Otherwise like [`std::thread::spawn`].
///
/// A thread from `std::thread::spawn` itself starts with an empty context.
///
/// # Panics
///
/// Panics if the operating system fails to create a thread, like the standard library. Use
/// [`inherit`](crate::inherit) with [`std::thread::Builder`] to get an error instead.
///
/// # Cost
///
/// The cost of [`inherit`](crate::inherit), in addition to that of the thread.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, thread};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// # fn main() {
/// let worker = USER.sync_scope("alice", || thread::spawn(|| USER.get()));
/// assert_eq!(worker.join().unwrap(), "alice");
/// # }
/// ```
#[track_caller]
#[allow(clippy::disallowed_methods)] // this is what replaces it
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    std::thread::spawn(crate::inherit::inherit(f))
}
