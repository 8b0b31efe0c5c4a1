//! Work that inherits has the companion's state.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::task::{self, Poll};
use std::thread as std_thread;

use context_vars::service::ContextServiceLayer;
use context_vars::web::ContextLayer;
use context_vars::{
    InContext, context_var, inherit, inherit_context, inherit_fn, inherit_with, prelude::*,
    task as tasks, thread,
};
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response};
use http_body::{Body, Frame};
use tokio::task::JoinSet;
use tower::{Layer, Service, service_fn};

use crate::shared::{LIMIT, noop};
use crate::support::{ACME, NOTHING, OTHER, Seen, in_acme, in_other, seen};

context_var! {
    static USER: &str = "anonymous";
}

#[test]
fn threads_and_closures() {
    let worker = in_acme(|| thread::spawn(seen));
    assert_eq!(worker.join().unwrap(), ACME);
    let (once, with) = in_acme(|| (inherit(seen), inherit_with(|_: u32| seen())));
    let again = in_acme(|| inherit_fn(|_: u32| seen()));
    assert_eq!(seen(), NOTHING);
    assert_eq!((once(), with(1)), (ACME, ACME));
    std_thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!((again(1), seen()), (ACME, NOTHING)));
        }
    });
}

#[test]
fn messages_and_their_clones() {
    let message = in_acme(|| 1.inherit_context());
    let clone = message.clone();
    assert_eq!((message.run(|_| seen()), seen()), (ACME, NOTHING));
    let opened = clone.run_async(|_| async { seen() });
    assert_eq!(opened.now_or_never(), Some(ACME));
    assert_eq!(seen(), NOTHING);
}

#[test]
fn state_is_one_word_of_three_that_inheriting_adds() {
    let words = |size: usize| size / size_of::<usize>();
    assert_eq!(words(size_of_val(&inherit(|| ()))), 3);
    assert_eq!(words(size_of::<InContext<[usize; 4]>>()), 4 + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_at_every_poll() {
    async fn twice() -> [Seen; 2] {
        let first = seen();
        tokio::task::yield_now().await;
        [first, seen()]
    }
    let (task, blocking) = in_acme(|| (tasks::spawn(twice()), tasks::spawn_blocking(seen)));
    assert_eq!(task.await.unwrap(), [ACME; 2]);
    assert_eq!(blocking.await.unwrap(), ACME);
    let mut set = JoinSet::new();
    in_acme(|| set.spawn(twice().inherit_context()));
    in_acme(|| set.spawn(twice().inherit_context()));
    assert_eq!(set.join_all().await, [[ACME; 2]; 2]);
    assert_eq!(seen(), NOTHING);
}

#[test]
fn iterators_and_streams_at_every_step() {
    let mut steps = in_acme(|| (0..2).map(|_| seen()).inherit_context());
    for _ in 0..2 {
        assert_eq!((steps.next(), seen()), (Some(ACME), NOTHING));
    }
    let mut steps = in_acme(|| stream::iter(0..2).map(|_| seen()).inherit_context());
    let mut cx = noop();
    for _ in 0..2 {
        assert_eq!(steps.poll_next_unpin(&mut cx), Poll::Ready(Some(ACME)));
        assert_eq!(seen(), NOTHING);
    }
}

#[test]
fn what_the_attribute_wraps() {
    #[inherit_context]
    fn closures() -> Vec<Seen> {
        let boxed: Box<dyn FnOnce() -> Seen + Send> = Box::new(seen);
        let plain = std_thread::spawn(|| seen());
        let by_type = std_thread::spawn(seen);
        let workers = [plain, by_type, std_thread::spawn(boxed)];
        workers.map(|worker| worker.join().unwrap()).into()
    }
    assert_eq!(in_acme(closures), [ACME; 3]);

    #[inherit_context]
    fn pools(pool: &rayon::ThreadPool) -> Vec<Seen> {
        let (sender, receiver) = channel();
        let (a, b) = rayon::join(|| seen(), || seen());
        let installed = pool.install(|| seen());
        pool.spawn(move || sender.send(seen()).unwrap());
        let mut all = pool.broadcast(
            #[inherit_context]
            move |_| seen(),
        );
        all.extend([a, b, installed, receiver.recv_timeout(LIMIT).unwrap()]);
        all
    }
    let builder = rayon::ThreadPoolBuilder::new().num_threads(2);
    let pool = builder.build().unwrap();
    assert_eq!(in_acme(|| pools(&pool)), [ACME; 6]);
    assert_eq!(pool.broadcast(|_| seen()), [NOTHING; 2]);
}

#[tokio::test]
async fn async_blocks_that_the_attribute_wraps() {
    #[inherit_context]
    fn spawn() -> [tokio::task::JoinHandle<Seen>; 2] {
        let future = async { seen() };
        [tokio::spawn(async { seen() }), tokio::spawn(future)]
    }
    for task in in_acme(spawn) {
        assert_eq!(task.await.unwrap(), ACME);
    }
}

#[test]
fn protocols_of_ones_own() {
    let mut work = in_acme(|| Box::pin(().inherit_context()));
    assert_eq!(work.as_mut().run_pinned(|_| seen()), ACME);
    assert_eq!(seen(), NOTHING);
}

/// A body that notes what it sees: at each frame, when asked whether it has ended, and when dropped.
struct Notes(u32, &'static Mutex<Vec<Seen>>);

impl Notes {
    fn note(&self) {
        self.1.lock().unwrap().push(seen());
    }
}

impl Body for Notes {
    type Data = &'static [u8];
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.note();
        self.0 -= 1;
        Poll::Ready((self.0 > 0).then(|| Ok(Frame::data(&b"x"[..]))))
    }

    fn is_end_stream(&self) -> bool {
        self.note();
        false
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        self.note();
    }
}

fn read(body: impl Body) {
    let mut body = Box::pin(body);
    let mut cx = noop();
    assert!(!body.is_end_stream());
    while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut cx) {}
}

#[tokio::test]
async fn requests_and_the_bodies_of_their_responses() {
    static NOTED: Mutex<Vec<Seen>> = Mutex::new(Vec::new());
    let answer = async |_: Request<()>| {
        NOTED.lock().unwrap().push(seen());
        Ok::<_, ()>(Response::new(Notes(2, &NOTED)))
    };
    let mut service = ContextLayer::new().layer(service_fn(answer));
    let response = in_acme(|| service.call(Request::new(())));
    read(response.await.unwrap().into_body());
    // The answer, whether it is over, a frame, whether that was the last, the end, the drop.
    assert_eq!(*NOTED.lock().unwrap(), [ACME; 6]);
    NOTED.lock().unwrap().clear();
    read(in_acme(|| Notes(1, &NOTED).inherit_context()));
    assert_eq!(*NOTED.lock().unwrap(), [ACME; 3]);
    assert_eq!(seen(), NOTHING);
}

#[tokio::test]
async fn jobs_of_a_service() {
    let layer = ContextServiceLayer::new(|context, _: &u32| context);
    let mut service = layer.layer(service_fn(async |_: u32| Ok::<_, ()>(seen())));
    let job = in_acme(|| service.call(1));
    assert_eq!(job.await, Ok(ACME));
}

#[test]
fn nested_work_has_the_state_of_where_it_was_wrapped() {
    let outer = in_acme(|| {
        inherit(|| {
            let inner = in_other(|| inherit(seen));
            let before = seen();
            (before, inner(), seen())
        })
    });
    assert_eq!(outer(), (ACME, OTHER, ACME));
    let handed_on = in_acme(|| inherit(|| thread::spawn(seen)));
    assert_eq!(handed_on().join().unwrap(), ACME);
}

#[test]
fn state_replaces_that_of_the_thread() {
    let work = in_acme(|| inherit(seen));
    assert_eq!(in_other(|| (work(), seen())), (ACME, OTHER));
}

#[test]
fn variables_and_state_follow_side_by_side() {
    let work = USER.sync_scope("alice", || in_acme(|| inherit(|| (USER.get(), seen()))));
    assert_eq!(work(), ("alice", ACME));
}

#[test]
fn two_hundred_thousand_hops_leave_no_chain() {
    struct Hop(Seen, Box<dyn FnOnce() -> Hop>);
    fn hop() -> Hop {
        Hop(seen(), Box::new(inherit(hop)))
    }
    let mut here = in_acme(hop);
    for _ in 0..200_000 {
        here = (here.1)();
    }
    assert_eq!((here.0, seen()), (ACME, NOTHING));
}
