//! R17: each step of a stream runs in the stream's own context.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use context_vars::context_var;
use futures::stream::{Stream, StreamExt};

use crate::support::poll_once;

mod steps;
mod drops;
mod protocols;

context_var! {
    static COUNT: u32 = 0;
}

/// Polls for the next item, which is there.
fn step<S: Stream + ?Sized>(stream: Pin<&mut S>) -> Option<S::Item> {
    let mut stream = stream;
    loop {
        if let Poll::Ready(item) = poll_once(stream.next().as_mut_pin()) {
            return item;
        }
    }
}

/// `pin!` for a future that is polled once and is `Unpin`.
trait AsMutPin: Future + Unpin {
    fn as_mut_pin(&mut self) -> Pin<&mut Self> {
        Pin::new(self)
    }
}
impl<F: Future + Unpin> AsMutPin for F {}
