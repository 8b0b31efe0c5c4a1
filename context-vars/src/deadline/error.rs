//! The errors of work that ended before it was done.

use core::error::Error;
use core::fmt;
use std::io;

/// The error returned when the time of a [`timeout`](super::timeout) is over before its work is
/// done.
///
/// # Examples
///
/// An error passed on with `?`, even where an [`io::Error`] is expected:
///
/// ```
/// use std::{future, io, time::Duration};
/// use context_vars::deadline::{Elapsed, timeout};
///
/// async fn report() -> Result<String, Elapsed> {
///     let rows = timeout(Duration::from_millis(1), future::pending::<u32>()).await?;
///     Ok(format!("{rows} rows"))
/// }
///
/// async fn save() -> io::Result<String> {
///     Ok(report().await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(report().await.unwrap_err().to_string(), "the deadline has passed");
/// assert_eq!(save().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Elapsed {
    pub(super) inherited: bool,
}

impl Elapsed {
    /// Returns `true` if the deadline was inherited: the work around the timeout had less time left
    /// than the timeout asked for.
    ///
    /// Another attempt is then pointless, because it would have no time left either.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{future, time::Duration};
    /// use context_vars::deadline::timeout;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let own = timeout(Duration::from_millis(1), future::pending::<()>());
    /// assert!(!own.await.unwrap_err().is_inherited());
    ///
    /// let hour = Duration::from_secs(3600);
    /// let request = timeout(Duration::from_millis(1), async move {
    ///     timeout(hour, future::pending::<()>()).await
    /// });
    /// let error = request.await.unwrap().unwrap_err();
    /// assert!(error.is_inherited());
    /// assert_eq!(error.to_string(), "the inherited deadline has passed");
    /// # }
    /// ```
    #[must_use]
    pub fn is_inherited(&self) -> bool {
        self.inherited
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.inherited {
            "the inherited deadline has passed"
        } else {
            "the deadline has passed"
        })
    }
}

impl Error for Elapsed {}

/// Creates an error of the kind [`TimedOut`](io::ErrorKind::TimedOut) that holds the [`Elapsed`].
impl From<Elapsed> for io::Error {
    fn from(error: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, error)
    }
}

/// The error returned when the request of some work ends before the work is done; see
/// [`cancel_with_request`](super::cancel_with_request).
///
/// # Examples
///
/// The output of a task that was stopped:
///
/// ```
/// use std::future;
/// use context_vars::deadline::{self, Cancelled, CancelledKind};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let request = deadline::scope(async {
///     tokio::spawn(deadline::cancel_with_request(future::pending::<u32>()))
/// });
/// let child = request.await; // the request is over
/// let stopped: Result<u32, Cancelled> = child.await.unwrap();
/// assert_eq!(stopped.unwrap_err().kind(), CancelledKind::Completed);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cancelled {
    pub(super) kind: CancelledKind,
}

impl Cancelled {
    /// Returns the way in which the request ended.
    #[must_use]
    pub fn kind(&self) -> CancelledKind {
        self.kind
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            CancelledKind::Completed => "the request that the work belonged to has completed",
            CancelledKind::Dropped => "the request that the work belonged to was dropped",
            CancelledKind::Elapsed => "the request that the work belonged to ran out of time",
        })
    }
}

impl Error for Cancelled {}

/// Creates an error that holds the [`Cancelled`]. Its kind is
/// [`TimedOut`](io::ErrorKind::TimedOut) if the request ran out of time, and otherwise
/// [`Other`](io::ErrorKind::Other).
impl From<Cancelled> for io::Error {
    fn from(error: Cancelled) -> Self {
        let kind = match error.kind {
            CancelledKind::Elapsed => io::ErrorKind::TimedOut,
            CancelledKind::Completed | CancelledKind::Dropped => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The way in which the request of cancelled work ended; returned by [`Cancelled::kind`].
///
/// # Examples
///
/// ```
/// use context_vars::deadline::{Cancelled, CancelledKind};
///
/// fn is_worth_a_warning(cancelled: Cancelled) -> bool {
///     // Clients hang up every day.
///     cancelled.kind() == CancelledKind::Elapsed
/// }
/// # fn main() {
/// #     let _ = is_worth_a_warning;
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelledKind {
    /// The request completed before the work was done.
    Completed,
    /// The request was dropped before it completed: its client hung up, or its task was aborted.
    Dropped,
    /// The request ran out of time.
    Elapsed,
}
