//! Programs that use Python's `contextvars`, in Rust: each test is one program.
//!
//! More of them are on the page `context-vars/src/docs/from_python.md`, whose programs are tests
//! themselves. Tests of `set`, of `reset` and of the errors of Python's functions are in `tokens.rs` and
//! `reading.rs`; a token that is used twice does not compile.
//!
//! If the outcome differs from that in a source, a comment gives the reason.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::ParseIntError;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use context_vars::{Context, ContextExt, context_var, inherit_context, with_context};
use tokio::task::JoinHandle;
use tokio::time::sleep;

context_var! {
    /// `user_id = ContextVar("user_id", default="anonymous")`
    static USER_ID: &'static str = "anonymous";
    /// `request_id = ContextVar("request_id")`
    static REQUEST_ID: &'static str;
    /// `task_id = ContextVar("task_id")`
    static TASK_ID: u64;
    /// `current_user = ContextVar("current_user", default=None)`
    static CURRENT_USER: Option<&'static str> = None;
    /// `user_context = ContextVar("user_context", default={"guest": True})`
    static USER_CONTEXT: BTreeMap<&'static str, bool> = BTreeMap::from([("guest", true)]);
    /// `trace_id = ContextVar("trace_id")`
    static TRACE_ID: String;
}

/// `asyncio.gather`, of tasks that have been spawned.
async fn gather<T, const N: usize>(tasks: [JoinHandle<T>; N]) -> Vec<T> {
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// Waits, so that the other task runs. Time is paused in these tests: the order is exact.
async fn wait(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}

// ---- the problem first ----------------------------------------------------------------------

/// Two requests, of which the second begins while the first waits. Gives the id that each of them
/// reads in the end.
async fn two_interleaved_requests(set: fn(u64), read: fn() -> u64) -> Vec<u64> {
    let request = |id| async move {
        set(id);
        wait(10).await;
        read()
    };
    gather([1, 2].map(|id| tokio::spawn(request(id).inherit_context()))).await
}

#[tokio::test(start_paused = true)]
async fn interleaved_requests_mix_up_a_static_and_a_thread_local_but_no_context_variable() {
    static SHARED: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static LOCAL: Cell<u64> = const { Cell::new(0) };
    }
    let set_shared = |id| SHARED.store(id, Ordering::SeqCst);
    let ids = two_interleaved_requests(set_shared, || SHARED.load(Ordering::SeqCst));
    assert_eq!(ids.await, [2, 2], "wrong: the first request is 1");
    let ids = two_interleaved_requests(|id| LOCAL.set(id), || LOCAL.get());
    assert_eq!(ids.await, [2, 2], "wrong: the first request is 1");
    let ids = two_interleaved_requests(|id| drop(TASK_ID.set(id)), || TASK_ID.get());
    assert_eq!(ids.await, [1, 2]);
}

// ---- a default ------------------------------------------------------------------------------

#[tokio::test]
async fn option_with_default_none_is_set_by_a_middleware() {
    async fn middleware<R>(name: &'static str, handler: impl Future<Output = R>) -> R {
        CURRENT_USER.scope(Some(name), handler).await
    }

    async fn handler() -> String {
        match CURRENT_USER.get() {
            Some(name) => format!("Hello, {name}"),
            None => "Please log in".to_owned(),
        }
    }

    let by_middleware = middleware("alice", handler());
    let answers = [handler().await, by_middleware.await, handler().await];
    assert_eq!(answers, ["Please log in", "Hello, alice", "Please log in"]);
}

// ---- a structure, temporarily replaced -----------------------------------------------------

const GUEST: &str = r#"{"guest": true}"#;
const ADMIN: &str = r#"{"admin": true}"#;

fn admin() -> BTreeMap<&'static str, bool> {
    BTreeMap::from([("admin", true)])
}

fn privileges() -> String {
    USER_CONTEXT.with(|privileges| format!("{privileges:?}"))
}

#[test]
fn structure_is_replaced_by_admin_privileges_and_put_back_also_when_the_body_fails() {
    #[with_context(user_context = admin())]
    fn parse(number: &str) -> Result<u8, ParseIntError> {
        assert_eq!(privileges(), ADMIN);
        let number = number.parse()?;
        assert!(number < 100, "{number} is too much");
        Ok(number)
    }

    assert_eq!(privileges(), GUEST);
    assert!(parse("many").is_err());
    assert_eq!(privileges(), GUEST);
    assert!(catch_unwind(|| parse("101")).is_err());
    assert_eq!(privileges(), GUEST);
    assert_eq!(parse("7"), Ok(7));
    assert_eq!(privileges(), GUEST);
}

// ---- `copy_context` and `run` --------------------------------------------------------------

/// `for var, value in copy_context().items():`
#[test]
fn copied_context_is_enumerated_by_name_and_value() {
    USER_ID.set("alice");
    REQUEST_ID.set("abc-123");
    USER_CONTEXT.set(admin());

    let context = Context::current();
    let items = context
        .iter()
        .map(|entry| format!("{} = {entry:?}", entry.name()));
    let expected = [
        r#"REQUEST_ID = "abc-123""#,
        r#"USER_CONTEXT = {"admin": true}"#,
        r#"USER_ID = "alice""#,
    ];
    assert_eq!(items.collect::<Vec<_>>(), expected);
    assert_eq!(context.len(), 3);
    assert!(context.contains(&USER_ID));
    assert!(!context.contains(&CURRENT_USER), "a default is no entry");
    let values = context.iter().filter_map(|entry| entry.downcast_ref());
    assert_eq!(values.collect::<Vec<&&str>>(), [&"abc-123", &"alice"]);
}

// ---- tasks and threads ---------------------------------------------------------------------

#[tokio::test]
async fn created_task_inherits_and_cannot_change_the_parents_value() {
    #[inherit_context]
    fn create_task() -> JoinHandle<[&'static str; 2]> {
        tokio::spawn(async {
            let seen = REQUEST_ID.get();
            REQUEST_ID.set("set-by-task");
            [seen, REQUEST_ID.get()]
        })
    }

    #[with_context(request_id = "req-789")]
    async fn parent() -> ([&'static str; 2], &'static str) {
        let by_task = create_task().await.unwrap();
        (by_task, REQUEST_ID.get())
    }

    assert_eq!(parent().await, (["req-789", "set-by-task"], "req-789"));
}

// ---- web programs --------------------------------------------------------------------------

/// A middleware that gives every request an id, around a route handler; the id is read three
/// functions further down.
#[tokio::test(start_paused = true)]
async fn request_id_middleware_around_a_route_handler_three_functions_deep() {
    #[with_context(request_id = id)]
    async fn middleware(id: &'static str, item: u32) -> (&'static str, String) {
        let body = route(item).await;
        (REQUEST_ID.get(), body)
    }

    async fn route(item: u32) -> String {
        load_item(item).await
    }

    async fn load_item(item: u32) -> String {
        wait(10).await;
        query(item)
    }

    fn query(item: u32) -> String {
        format!("[{}] item {item}", REQUEST_ID.get())
    }

    let (first, second) = tokio::join!(middleware("req-1", 10), middleware("req-2", 20));
    assert_eq!(first, ("req-1", "[req-1] item 10".to_owned()));
    assert_eq!(second, ("req-2", "[req-2] item 20".to_owned()));
    assert!(!REQUEST_ID.is_set());
}

/// `class TraceIdFilter(logging.Filter)`: the programs log as ever, the filter adds the trace id.
#[tokio::test(start_paused = true)]
async fn logging_filter_puts_the_trace_id_on_every_record() {
    fn info(log: &Sender<String>, message: &str) {
        let trace_id = TRACE_ID.get_or_else(|| "-".to_owned());
        log.send(format!("[{trace_id}] {message}")).unwrap();
    }

    #[with_context(trace_id = format!("trace-{number}"))]
    async fn handle(number: u64, log: Sender<String>) {
        info(&log, "request begins");
        wait(number).await;
        info(&log, "request ends");
    }

    let (log, lines) = channel();
    info(&log, "server begins");
    gather([1, 2].map(|number| tokio::spawn(handle(number, log.clone())))).await;
    info(&log, "server ends");
    let expected = [
        "[-] server begins",
        "[trace-1] request begins",
        "[trace-2] request begins",
        "[trace-1] request ends",
        "[trace-2] request ends",
        "[-] server ends",
    ];
    assert_eq!(lines.try_iter().collect::<Vec<_>>(), expected);
}
