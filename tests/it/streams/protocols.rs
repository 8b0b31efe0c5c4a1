//! Hints and ends, fused streams and futures, and wrappers for other protocols.

use std::io;
use std::pin::{Pin, pin};
use std::task::{self, Poll};

use context_vars::{InContext, prelude::*};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{Fuse, FusedFuture, Ready};
use futures::io::{AsyncRead, AsyncReadExt};
use futures::stream::{self, FusedStream, Stream, StreamExt, TryStreamExt};

use super::step;
use crate::support::{COUNT, USER, alice, poll_once};

#[test]
fn hint_and_end_are_those_of_the_stream() {
    let mut numbers = stream::iter(0..4).fuse().in_context(alice());
    assert_eq!(numbers.size_hint(), (4, Some(4)));
    assert_eq!(step(Pin::new(&mut numbers)), Some(0));
    assert_eq!(numbers.size_hint(), (3, Some(3)));
    assert!(!numbers.is_terminated());
    while step(Pin::new(&mut numbers)).is_some() {}
    assert!(numbers.is_terminated());
}

#[test]
fn fused_future_is_terminated_when_it_is_done() {
    fn ends(mut future: Pin<&mut dyn FusedFuture<Output = &'static str>>) {
        assert!(!future.is_terminated());
        assert_eq!(poll_once(future.as_mut()), Poll::Ready("alice"));
        assert!(future.is_terminated());
    }
    let work = || async { USER.get() }.fuse();
    ends(pin!(work().in_context(alice())));
    ends(pin!(USER.scope("alice", work())));
    let never = Fuse::<Ready<()>>::terminated();
    assert!(never.in_context(alice()).is_terminated());
}

#[test]
fn wrapped_stream_and_future_stand_in_select() {
    let mut names = pin!(
        stream::iter(0..2)
            .map(|_| USER.get())
            .fuse()
            .in_context(alice())
    );
    let mut name = pin!(async { USER.get() }.fuse().in_context(alice()));
    let mut seen = Vec::new();
    block_on(async {
        loop {
            futures::select_biased! {
                user = name => seen.push(user),
                user = names.select_next_some() => seen.push(user),
                complete => break,
            }
        }
    });
    assert_eq!(seen, ["alice"; 3]);
}

#[test]
fn run_pinned_makes_a_wrapper_for_another_protocol() {
    /// All that a user writes who misses `AsyncRead`.
    struct ReadInContext<R>(InContext<R>);

    impl<R: AsyncRead + Unpin> AsyncRead for ReadInContext<R> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut task::Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).run_pinned(|reader| reader.poll_read(cx, buffer))
        }
    }

    let names = stream::iter(0..2).map(|_| {
        COUNT.set(COUNT.get() + 1);
        Ok(format!("{} {} ", USER.get(), COUNT.get()))
    });
    let mut reader = ReadInContext(names.into_async_read().in_context(alice()));
    let mut text = String::new();
    let read = reader.read_to_string(&mut text).now_or_never();
    assert_eq!(read.unwrap().unwrap(), text.len());
    assert_eq!(text, "alice 1 alice 2 ");
    assert!(!COUNT.is_set());
}
