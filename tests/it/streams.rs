//! R17: each step of a stream runs in the stream's own context.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures::stream::Stream;

mod steps;
mod protocols;

/// Polls for the next item, which is there after some polls.
fn step<S: Stream + ?Sized>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    for _ in 0..1000 {
        if let Poll::Ready(item) = stream.as_mut().poll_next(&mut noop()) {
            return item;
        }
    }
    panic!("no item after a thousand polls");
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
