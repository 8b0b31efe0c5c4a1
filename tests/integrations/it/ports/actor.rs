//! Actors with supervision: a message is handled as its sender, and a crash says whose message it was.

use std::future::Future;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use context_vars::{Context, InContext, context_var, prelude::*};
use futures::FutureExt;
use futures::future::try_join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::support::{OnDrop, soon};

context_var! {
    static USER: &str = "nobody";
}

// ---- The library ----------------------------------------------------------------------------

trait Actor: Send + 'static {
    type Message: Send + 'static;

    /// Creates the state, at first and after each crash.
    fn start() -> Self;

    fn handle(&mut self, message: Self::Message) -> impl Future<Output = ()> + Send;
}

/// A message that crashed an actor: what it panicked with, and the context in which it did.
struct Crash {
    panic: &'static str,
    context: Context,
}

struct Address<A: Actor>(mpsc::UnboundedSender<InContext<A::Message>>);

impl<A: Actor> Address<A> {
    /// Sends a message with the sender's context. Returns it if the actor has stopped.
    fn tell(&self, message: A::Message) -> Result<(), A::Message> {
        let sent = self.0.send(message.inherit_context());
        sent.map_err(|refused| refused.0.run(|message| message))
    }

    async fn ask<R>(&self, message: impl FnOnce(oneshot::Sender<R>) -> A::Message) -> Option<R> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply)).ok()?;
        answer.await.ok()
    }
}

/// Starts an actor. After a crash its supervisor decides whether it goes on with a new state.
fn spawn<A: Actor>(
    mut supervisor: impl FnMut(Crash) -> ControlFlow<()> + Send + 'static,
) -> (Address<A>, JoinHandle<A>) {
    let (address, mut inbox) = mpsc::unbounded_channel::<InContext<A::Message>>();
    let work = async move {
        let mut actor = A::start();
        while let Some(envelope) = inbox.recv().await {
            let Err(crash) = open(&mut actor, envelope).await else {
                continue;
            };
            actor = A::start();
            if supervisor(crash).is_break() {
                break;
            }
        }
        actor
    };
    (Address(address), tokio::spawn(work))
}

/// Handles one message. The panic is caught inside the envelope, where its context can still be had.
async fn open<A: Actor>(actor: &mut A, envelope: InContext<A::Message>) -> Result<(), Crash> {
    let handle = async |message| {
        let handled = AssertUnwindSafe(actor.handle(message)).catch_unwind();
        handled.await.map_err(|panic| {
            let panic = panic.downcast_ref().copied().unwrap_or("not a text");
            let context = Context::current();
            Crash { panic, context }
        })
    };
    envelope.run_async(handle).await
}

// ---- A program ------------------------------------------------------------------------------

#[derive(Default)]
struct Counter(u32);

enum Message {
    Count(oneshot::Sender<(u32, &'static str)>),
    Crash,
    Hold(#[allow(dead_code)] Box<dyn std::any::Any + Send>), // dropped
}

impl Actor for Counter {
    type Message = Message;

    fn start() -> Self {
        assert!(!USER.is_set(), "an actor is started on behalf of no user");
        Self::default()
    }

    async fn handle(&mut self, message: Message) {
        self.0 += 1;
        tokio::task::yield_now().await;
        match message {
            Message::Count(reply) => {
                let _ = reply.send((self.0, USER.get()));
                // Gone with the message.
                USER.set("set by the actor");
            }
            Message::Crash => panic!("crashed"),
            Message::Hold(_) => {}
        }
    }
}

type Users = Arc<Mutex<Vec<&'static str>>>;

/// Notes whose messages crash.
fn note(crashes: &Users, verdict: ControlFlow<()>) -> impl FnMut(Crash) -> ControlFlow<()> + use<> {
    let crashes = Arc::clone(crashes);
    move |crash| {
        assert_eq!(crash.panic, "crashed");
        assert!(!USER.is_set(), "the supervisor works on behalf of no user");
        let user = *crash.context.get(&USER).unwrap();
        crashes.lock().unwrap().push(user);
        verdict
    }
}

async fn count(counter: &Address<Counter>) -> Option<(u32, &'static str)> {
    soon(counter.ask(Message::Count)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_handled_as_their_senders_and_the_actor_keeps_its_state() {
    let (counter, done) = spawn::<Counter>(|_| ControlFlow::Break(()));
    let counter = Arc::new(counter);
    let request = |user| {
        let counter = Arc::clone(&counter);
        USER.scope(user, async move {
            for _ in 0..200 {
                assert_eq!(count(&counter).await.unwrap().1, user);
                assert_eq!(USER.get(), user);
            }
        })
    };
    let requests = ["alice", "bob", "carol"].map(|user| tokio::spawn(request(user)));
    soon(try_join_all(requests)).await.unwrap();
    drop(counter);
    assert_eq!(soon(done).await.unwrap().0, 600);
}

#[tokio::test]
async fn actor_is_restarted_after_a_crash_which_names_its_message_s_user() {
    let crashes = Arc::default();
    let (counter, done) = spawn::<Counter>(note(&crashes, ControlFlow::Continue(())));
    for user in ["alice", "bob"] {
        USER.sync_scope(user, || assert!(counter.tell(Message::Crash).is_ok()));
        let after = USER.scope("carol", count(&counter)).await;
        assert_eq!(after, Some((1, "carol")), "with a new state");
    }
    assert_eq!(*crashes.lock().unwrap(), ["alice", "bob"]);
    drop(counter);
    assert_eq!(soon(done).await.unwrap().0, 1);
}

#[tokio::test]
async fn messages_to_an_actor_that_was_stopped_are_dropped_as_their_senders() {
    let [crashes, dropped] = [Users::default(), Users::default()];
    let (counter, done) = spawn::<Counter>(note(&crashes, ControlFlow::Break(())));
    let hold = |user| {
        let dropped = Arc::clone(&dropped);
        let held = OnDrop(move || dropped.lock().unwrap().push(USER.get()));
        USER.sync_scope(user, || counter.tell(Message::Hold(Box::new(held))))
    };
    USER.sync_scope("eve", || assert!(counter.tell(Message::Crash).is_ok()));
    assert!(hold("alice").is_ok() && hold("bob").is_ok());
    soon(done).await.unwrap();
    assert_eq!(*dropped.lock().unwrap(), ["alice", "bob"]);

    // A message that comes back is its sender's again.
    let refused = USER.sync_scope("carol", || counter.tell(Message::Crash));
    assert!(matches!(refused, Err(Message::Crash)));
    assert_eq!(count(&counter).await, None);
    assert_eq!(*crashes.lock().unwrap(), ["eve"]);
}
