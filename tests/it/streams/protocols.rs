//! Hints and ends, fused streams and futures, and wrappers for other protocols.

use std::pin::{Pin, pin};
use std::task::{self, Poll};

use context_vars::{Context, InContext, prelude::*};
use futures::future::FusedFuture;
use futures::stream::{self, FusedStream, Stream, StreamExt};
use futures::{FutureExt, select_biased};

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
fn hint_is_asked_inside_a_copy() {
    struct ByUser;
    impl Stream for ByUser {
        type Item = ();
        fn poll_next(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<()>> {
            Poll::Ready(None)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (USER.get().len(), None)
        }
    }
    assert_eq!(
        ByUser.in_context(alice()).size_hint(),
        ("alice".len(), None)
    );
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn fused_future_is_terminated_when_it_is_done() {
    let mut future = pin!(async { USER.get() }.fuse().in_context(alice()));
    assert!(!future.is_terminated());
    assert_eq!(poll_once(future.as_mut()), Poll::Ready("alice"));
    assert!(future.is_terminated(), "and may stand in a `select!` again");
    let mut scope = pin!(USER.scope("alice", async { USER.get() }.fuse()));
    assert!(!scope.is_terminated());
    assert_eq!(poll_once(scope.as_mut()), Poll::Ready("alice"));
    assert!(scope.is_terminated());
    let never = futures::future::Fuse::<std::future::Ready<()>>::terminated();
    assert!(never.in_context(alice()).is_terminated());
}

#[test]
fn wrapped_stream_and_future_stand_in_select() {
    let mut numbers = pin!(
        stream::iter(0..2)
            .map(|n| (n, USER.get()))
            .fuse()
            .in_context(alice())
    );
    let mut future = pin!(async { USER.get() }.fuse().in_context(Context::new()));
    let mut seen = Vec::new();
    let select = async {
        loop {
            select_biased! {
                user = future => seen.push((9, user)),
                number = numbers.select_next_some() => seen.push(number),
                complete => break,
            }
            assert!(!USER.is_set());
        }
    };
    futures::executor::block_on(select);
    assert_eq!(seen, [(9, "anonymous"), (0, "alice"), (1, "alice")]);
}

#[tokio::test]
async fn run_pinned_makes_a_wrapper_for_another_protocol() {
    use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

    /// All that a user writes who misses `AsyncRead`.
    struct ReadInContext<R>(InContext<R>);

    impl<R: AsyncRead + Unpin> AsyncRead for ReadInContext<R> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            Pin::new(&mut self.0).run_pinned(|reader| reader.poll_read(cx, buffer))
        }
    }

    /// A reader of one user's name after the other.
    struct Names;

    impl AsyncRead for Names {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            COUNT.set(COUNT.get() + 1);
            if COUNT.get() < 3 {
                buffer.put_slice(format!("{} {} ", USER.get(), COUNT.get()).as_bytes());
            }
            Poll::Ready(Ok(()))
        }
    }

    let mut reader = ReadInContext(Names.in_context(alice()));
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "alice 1 alice 2 ");
    assert!(!COUNT.is_set());
}
