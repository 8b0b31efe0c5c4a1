//! What people write with Python's `contextvars`, in Rust: each test is one of their programs.
//!
//! More of them are on the page `context-vars/src/docs/from_python.md`, whose programs are tests
//! themselves. The errors of Python's functions are in `tokens.rs` and `reading.rs`; a token that is
//! used twice does not compile.
//!
//! A test collects what the program would print and compares it at the end. Where the outcome
//! differs from what a source says, a comment tells why.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use context_vars::{ContextExt, context_var};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

mod set_and_reset;
mod echo_flow;
mod structures;
mod copies;
mod tasks_and_threads;
mod web_programs;

context_var! {
    /// `user_id = ContextVar("user_id", default="anonymous")`
    static USER_ID: &'static str = "anonymous";
    /// `request_id = ContextVar("request_id")`
    static REQUEST_ID: &'static str;
    /// `task_id = ContextVar("task_id")`
    static TASK_ID: u64;
    /// `number = ContextVar("number", default=42)`
    static NUMBER: i64 = 42;
    /// `current_user = ContextVar("current_user", default=None)`
    static CURRENT_USER: Option<User> = None;
    /// `user_context = ContextVar("user_context", default={"guest": True})`
    static USER_CONTEXT: BTreeMap<&'static str, bool> = BTreeMap::from([("guest", true)]);
    /// `trace_id = ContextVar("trace_id")`
    static TRACE_ID: String;
}

#[derive(Clone, Debug, PartialEq)]
struct User {
    name: String,
}

fn user(name: &str) -> User {
    let name = name.to_owned();
    User { name }
}

/// What the programs print.
#[derive(Clone, Default)]
struct Output(Arc<std::sync::Mutex<Vec<String>>>);

impl Output {
    fn print(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    #[track_caller]
    fn expect<const N: usize>(&self, lines: [&str; N]) {
        assert_eq!(*self.0.lock().unwrap(), lines);
    }
}

/// `asyncio.gather`, of tasks that have been spawned.
async fn gather<T, const N: usize>(tasks: [JoinHandle<T>; N]) -> Vec<T> {
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

// ---- the problem first ----------------------------------------------------------------------

/// Two requests, of which the second begins while the first waits. Gives the id that each of them
/// reads in the end.
async fn two_interleaved_requests(set: fn(u64), read: fn() -> u64) -> Vec<u64> {
    let first_has_set = Arc::new(Notify::new());
    let second_has_set = Arc::new(Notify::new());
    let (begin, go_on) = (first_has_set.clone(), second_has_set.clone());
    let first = async move {
        set(1);
        first_has_set.notify_one();
        go_on.notified().await;
        read()
    };
    let second = async move {
        begin.notified().await;
        set(2);
        second_has_set.notify_one();
        read()
    };
    gather([
        tokio::spawn(first.inherit_context()),
        tokio::spawn(second.inherit_context()),
    ])
    .await
}

#[tokio::test]
async fn problem_a_plain_static_gives_interleaved_requests_wrong_ids() {
    static CURRENT: AtomicU64 = AtomicU64::new(0);
    let ids = two_interleaved_requests(
        |id| CURRENT.store(id, Ordering::SeqCst),
        || CURRENT.load(Ordering::SeqCst),
    );
    assert_eq!(ids.await, [2, 2], "wrong: the first request is 1");
}

#[tokio::test]
async fn problem_a_thread_local_gives_interleaved_requests_wrong_ids() {
    thread_local! {
        static CURRENT: Cell<u64> = const { Cell::new(0) };
    }
    let ids = two_interleaved_requests(|id| CURRENT.set(id), || CURRENT.get());
    assert_eq!(ids.await, [2, 2], "wrong: the first request is 1");
}

#[tokio::test]
async fn solution_a_context_variable_gives_interleaved_requests_their_own_ids() {
    let ids = two_interleaved_requests(|id| drop(TASK_ID.set(id)), || TASK_ID.get());
    assert_eq!(ids.await, [1, 2]);
}

/// Waits, so that the other task runs. Time is paused in these tests: the order is exact.
async fn wait(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}

fn admin() -> BTreeMap<&'static str, bool> {
    BTreeMap::from([("admin", true)])
}
