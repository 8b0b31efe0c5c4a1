//! Functions that the compiler cannot optimise across.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A call that may have read or changed anything, a thread-local for example.
#[inline(never)]
pub(crate) fn opaque() {
    black_box(0_u8);
}

/// Returns a number that is unknown to the compiler.
#[inline]
pub(crate) fn number() -> u64 {
    black_box(7)
}

/// A future that is never ready; each poll is one opaque call.
pub(crate) struct Never;

impl Future for Never {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        opaque();
        Poll::Pending
    }
}

/// A future that is ready at its first poll, which is one opaque call.
pub(crate) struct AtOnce;

impl Future for AtOnce {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        opaque();
        Poll::Ready(())
    }
}
