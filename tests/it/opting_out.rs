//! R14 and the ways to run work without the context around it: each on threads, tasks, blocking
//! closures and streams. That of a mark, `#[detach_context]`, is in `macros/marks.rs`.
//!
//! All work runs as alice, with a transaction open, and says what it sees of both.

use std::pin::Pin;
use std::sync::mpsc;

use context_vars::{Context, context_var, detached, prelude::*, task, thread};
use futures::executor::block_on;
use futures::stream::{self, StreamExt};

use crate::support::{OnDrop, USER, ended, one_thread, soon, yield_once};

context_var! {
    #[no_inherit]
    static TRANSACTION: u32;
}

/// Who the work runs as, and whether it is part of the transaction.
type Seen = (&'static str, bool);

const ALL: Seen = ("alice", true);
const ALICE_ALONE: Seen = ("alice", false);
const NOTHING: Seen = ("anonymous", false);

fn seen() -> Seen {
    (USER.get(), TRANSACTION.is_set())
}

async fn seen_later() -> Seen {
    yield_once().await;
    seen()
}

/// The only item of a stream.
async fn item_of(stream: impl stream::Stream<Item = Seen>) -> Seen {
    let items: Vec<_> = stream.collect().await;
    let [item] = items.try_into().unwrap();
    item
}

fn steps() -> impl stream::Stream<Item = Seen> {
    stream::once(seen_later())
}

type Work = Pin<Box<dyn Future<Output = Seen>>>;

/// Runs each line of a table as alice, in a transaction, on a runtime; both are as before
/// afterwards.
fn check(lines: impl IntoIterator<Item = (&'static str, Seen, Work)>) {
    for (line, expected, work) in lines {
        let work = async { [work.await, seen()] };
        let found = one_thread().block_on(USER.scope("alice", TRANSACTION.scope(1, work)));
        assert_eq!(found, [expected, ALL], "{line}");
    }
}

/// One line of a table: the work is an `async` block.
macro_rules! table {
    ($($line:literal => $expected:ident: $work:expr,)*) => {
        check([$(($line, $expected, Box::pin(async { $work }) as Work)),*])
    };
}

#[test]
fn variable_that_is_not_inherited_is_left_out_and_all_else_is_inherited() {
    table! {
        "thread" => ALICE_ALONE: ended(thread::spawn(seen)),
        "task" => ALICE_ALONE: task::spawn(seen_later()).await.unwrap(),
        "blocking closure" => ALICE_ALONE: task::spawn_blocking(seen).await.unwrap(),
        "stream" => ALICE_ALONE: item_of(steps().inherit_context()).await,
        "bare stream, which shares" => ALL: item_of(steps()).await,
        "scope of the same work" => ALL: USER.scope("alice", seen_later()).await,
        "sync scope of the same work" => ALL: USER.sync_scope("alice", seen),
    }
}

#[test]
fn what_is_made_or_called_in_a_detached_closure_inherits_nothing() {
    table! {
        "itself" => NOTHING: detached(seen),
        "thread" => NOTHING: detached(|| thread::spawn(seen)).join().unwrap(),
        "on a thread" => NOTHING: ended(thread::spawn(|| detached(seen))),
        "task" => NOTHING: detached(|| task::spawn(seen_later())).await.unwrap(),
        "in a task" => NOTHING: task::spawn(async { detached(seen) }).await.unwrap(),
        "closure" => NOTHING: detached(|| task::spawn_blocking(seen)).await.unwrap(),
        "in a closure" => NOTHING: task::spawn_blocking(|| detached(seen)).await.unwrap(),
        "stream" => NOTHING: item_of(detached(|| steps().inherit_context())).await,
        "in a stream" => NOTHING: {
            let steps = stream::iter([()]).map(|()| detached(seen));
            item_of(steps.inherit_context()).await
        },
    }
}

#[test]
fn work_in_an_empty_context_sees_nothing_whether_it_would_inherit_or_not() {
    fn work() -> impl Future<Output = Seen> + Send {
        seen_later().in_context(Context::new())
    }
    fn empty_steps() -> impl stream::Stream<Item = Seen> {
        steps().in_context(Context::new())
    }
    table! {
        "itself" => NOTHING: work().await,
        "thread" => NOTHING: {
            let mut context = Context::new();
            ended(thread::spawn(move || context.run(seen)))
        },
        "bare task" => NOTHING: tokio::spawn(work()).await.unwrap(),
        "task" => NOTHING: task::spawn(work()).await.unwrap(),
        "closure" => NOTHING: task::spawn_blocking(|| block_on(work())).await.unwrap(),
        "stream" => NOTHING: item_of(empty_steps()).await,
        "stream that inherits" => NOTHING: item_of(empty_steps().inherit_context()).await,
        "when it is dropped" => NOTHING: {
            let (send, found) = mpsc::channel();
            let hook = OnDrop(move || send.send(seen()).unwrap());
            drop(async move { drop(hook) }.in_context(Context::new()));
            soon(&found)
        },
    }
}
