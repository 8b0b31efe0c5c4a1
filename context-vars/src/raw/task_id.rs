//! The tokio task that runs on this thread, which decides who may set in a context (R21).
//!
//! Without the feature `tokio` no task is known, and nothing here takes memory or time.

/// A tokio task or blocking closure, or none: a plain thread, or the future of `block_on`.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId(Option<tokio::task::Id>);

#[cfg(feature = "tokio")]
impl TaskId {
    pub(super) const NONE: Self = Self(None);

    #[inline]
    pub(super) fn current() -> Self {
        Self(tokio::task::try_id())
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0.is_none()
    }
}

#[cfg(all(feature = "tokio", tokio_unstable))]
impl From<tokio::task::Id> for TaskId {
    fn from(id: tokio::task::Id) -> Self {
        Self(Some(id))
    }
}

#[cfg(not(feature = "tokio"))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId;

#[cfg(not(feature = "tokio"))]
impl TaskId {
    pub(super) const NONE: Self = Self;

    #[inline]
    pub(super) fn current() -> Self {
        Self
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        true
    }
}
