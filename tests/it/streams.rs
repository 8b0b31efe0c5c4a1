//! R17: each step of a stream runs in the stream's own context.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};

use context_vars::{Context, InContext, context_var, prelude::*};
use futures::future::FusedFuture;
use futures::stream::{self, FusedStream, Stream, StreamExt};
use futures::{FutureExt, select_biased};

use crate::support::{Alive, OnDrop, Tracked, panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32 = 0;
    static TRACKED: Tracked;
}

fn alice() -> Context {
    Context::new().with_value(&USER, "alice")
}

/// Remembers the user that was current when it was dropped.
fn witness() -> (impl Drop + Send, Arc<Mutex<Option<&'static str>>>) {
    let seen = Arc::new(Mutex::new(None));
    let here = seen.clone();
    (
        OnDrop(move || *here.lock().unwrap() = Some(USER.get())),
        seen,
    )
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

/// Sets the variable in its first step and reads it in each.
fn by_async_stream(own: &'static str) -> impl Stream<Item = &'static str> {
    async_stream::stream! {
        drop(USER.set(own));
        loop {
            yield_once().await;
            yield USER.get();
        }
    }
}

fn by_unfold(own: &'static str) -> impl Stream<Item = &'static str> {
    stream::unfold(true, move |first| async move {
        if first {
            drop(USER.set(own));
        }
        yield_once().await;
        Some((USER.get(), false))
    })
}

fn in_turn(
    a: impl Stream<Item = &'static str>,
    b: impl Stream<Item = &'static str>,
) -> [&'static str; 4] {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let mut seen = [""; 4];
    for pair in seen.chunks_mut(2) {
        pair[0] = step(a.as_mut()).unwrap();
        pair[1] = step(b.as_mut()).unwrap();
    }
    seen
}

#[test]
fn generators_advanced_in_turn_keep_their_own() {
    // case 214; Python reads a, b, b, b.
    let wrapped = |s| ContextStreamExt::in_context(by_async_stream(s), Context::new());
    assert_eq!(in_turn(wrapped("a"), wrapped("b")), ["a", "b", "a", "b"]);
    let wrapped = |s| by_unfold(s).in_context(Context::new());
    assert_eq!(in_turn(wrapped("a"), wrapped("b")), ["a", "b", "a", "b"]);
    assert!(!USER.is_set(), "nothing leaks to the consumer");
}

#[test]
fn generators_that_are_not_wrapped_share_their_consumers_context() {
    let bare = || in_turn(by_async_stream("a"), by_unfold("b"));
    assert_eq!(context_vars::isolated(bare), ["a", "b", "b", "b"]);
}

#[test]
fn stream_inherits_where_it_is_wrapped_and_steps_keep_what_they_set() {
    let steps = || {
        stream::iter(0..3).map(|_| {
            drop(COUNT.set(COUNT.get() + 1));
            (USER.get(), COUNT.get())
        })
    };
    let mut steps = pin!(USER.sync_scope("alice", || steps().inherit_context()));
    for n in 1..=3 {
        USER.sync_scope("consumer", || {
            assert_eq!(step(steps.as_mut()), Some(("alice", n)));
            assert_eq!((USER.get(), COUNT.get()), ("consumer", 0));
        });
    }
    assert_eq!(step(steps.as_mut()), None);
}

#[test]
fn pending_step_leaves_the_context_too() {
    let mut stream = pin!(by_unfold("a").in_context(alice()));
    USER.sync_scope("consumer", || {
        assert!(stream.as_mut().poll_next(&mut noop()).is_pending());
        assert_eq!(USER.get(), "consumer");
        assert!(stream.as_mut().poll_next(&mut noop()).is_ready());
        assert_eq!(USER.get(), "consumer");
    });
}

fn noop() -> std::task::Context<'static> {
    std::task::Context::from_waker(std::task::Waker::noop())
}

#[test]
fn closures_of_the_consumer_run_outside() {
    let stream = stream::iter(0..2).map(|_| USER.get()).in_context(alice());
    let seen = Mutex::new(Vec::new());
    let consumer = stream.map(|inside| (inside, USER.get())).for_each(|both| {
        seen.lock().unwrap().push((both, USER.get()));
        std::future::ready(())
    });
    USER.sync_scope("consumer", || assert!(consumer.now_or_never().is_some()));
    let expected = (("alice", "consumer"), "consumer");
    assert_eq!(*seen.lock().unwrap(), [expected; 2]);

    // An iterator's folds are steps of the consumer's as well.
    let steps = || (0..2).map(|_| USER.get()).in_context(alice());
    USER.sync_scope("consumer", || {
        steps().for_each(|inside| assert_eq!((inside, USER.get()), ("alice", "consumer")));
        steps()
            .rev()
            .for_each(|inside| assert_eq!((inside, USER.get()), ("alice", "consumer")));
        let folded = steps().fold(0, |n, _| n + USER.get().len());
        assert_eq!(folded, 2 * "consumer".len());
    });
}

#[test]
fn half_used_stream_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    let alive = Alive::default();
    let context = alice().with_value(&TRACKED, alive.track());
    let mut stream = Box::pin(
        async_stream::stream! {
            let _hook = hook;
            loop {
                drop(USER.set("set by a step"));
                yield ();
            }
        }
        .in_context(context),
    );
    step(stream.as_mut());
    USER.sync_scope("where it is dropped", || drop(stream));
    assert_eq!(*seen.lock().unwrap(), Some("set by a step"));
    assert_eq!(alive.count(), 0);
}

#[test]
fn stream_that_was_never_polled_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    drop(stream::iter([hook]).in_context(alice()));
    assert_eq!(*seen.lock().unwrap(), Some("alice"));
}

#[test]
fn used_up_stream_is_kept_until_the_wrapper_goes_and_dropped_inside() {
    let (hook, seen) = witness();
    let steps = stream::repeat_with(move || {
        let _ = &hook;
    });
    let mut stream = pin!(steps.take(1).chain(stream::empty()).in_context(alice()));
    assert_eq!(step(stream.as_mut()), Some(()));
    assert_eq!(step(stream.as_mut()), None);
    assert_eq!(step(stream.as_mut()), None, "a stream may be asked again");
    let (hook, seen_later) = witness();
    let mut owned = Box::pin(Owner(hook).in_context(alice()));
    assert_eq!(step(owned.as_mut()), None);
    assert_eq!(
        *seen_later.lock().unwrap(),
        None,
        "the wrapper is still there"
    );
    drop(owned);
    assert_eq!(*seen_later.lock().unwrap(), Some("alice"));
    drop(seen);
}

/// An empty stream that owns something.
struct Owner<D>(#[allow(dead_code)] D);

impl<D> Stream for Owner<D> {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Option<()>> {
        Poll::Ready(None)
    }
}

#[test]
fn step_that_panics_restores_and_the_stream_keeps_its_context() {
    let (hook, seen) = witness();
    let mut stream = Box::pin(
        async_stream::stream! {
            let _hook = hook;
            drop(USER.set("set before"));
            yield ();
            panic!("{}", USER.get());
        }
        .in_context(alice()),
    );
    step(stream.as_mut());
    USER.sync_scope("consumer", || {
        assert_eq!(panic_of(|| step(stream.as_mut())), "set before");
        assert_eq!(USER.get(), "consumer");
    });
    assert_eq!(*seen.lock().unwrap(), Some("set before"));
}

#[test]
fn stream_takes_its_context_along_between_threads() {
    let mut stream = Box::pin(
        async_stream::stream! {
            for n in 0..4 {
                drop(COUNT.set(COUNT.get() + 1));
                yield (USER.get(), COUNT.get(), n + 1);
            }
        }
        .in_context(alice()),
    );
    for _ in 0..4 {
        stream = std::thread::spawn(move || {
            let (user, count, n) = step(stream.as_mut()).unwrap();
            assert_eq!((user, count), ("alice", n));
            assert!(!COUNT.is_set());
            stream
        })
        .join()
        .unwrap();
    }
    assert_eq!(step(stream.as_mut()), None);
}

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

#[test]
fn stream_inside_a_wrapped_stream_has_its_own() {
    let inner = stream::iter(0..2).map(|_| USER.get()).in_context(alice());
    let outer = inner.map(|inner| (inner, USER.get()));
    let outer = outer.in_context(Context::new().with_value(&USER, "bob"));
    let seen: Vec<_> = outer.collect().now_or_never().unwrap();
    assert_eq!(seen, [("alice", "bob"); 2]);
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
            drop(COUNT.set(COUNT.get() + 1));
            if COUNT.get() < 3 {
                buffer.put_slice(format!("{} {} ", USER.get(), COUNT.get()).as_bytes());
            }
            Poll::Ready(Ok(()))
        }
    }

    let mut reader = ReadInContext(InContext::new(Names, alice()));
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "alice 1 alice 2 ");
    assert!(!COUNT.is_set());
}
