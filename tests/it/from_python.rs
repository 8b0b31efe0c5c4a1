//! Programs that use Python's `contextvars`, in Rust: each test is one program.
//!
//! More of them are on the page `context-vars/src/docs/from_python.md`, whose programs are tests
//! themselves. The errors of Python's functions are in `tokens.rs` and `reading.rs`; a token that is
//! used twice does not compile.
//!
//! A test collects what the program would print and compares it at the end. Where the outcome
//! differs from what a source says, a comment tells why.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use context_vars::{Context, ContextExt, context_var, inherit_context, with_context};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

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

/// The output of the programs.
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

/// Waits, so that the other task runs. Time is paused in these tests: the order is exact.
async fn wait(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}

fn admin() -> BTreeMap<&'static str, bool> {
    BTreeMap::from([("admin", true)])
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

// ---- default, set, reset -------------------------------------------------------------------

/// One source claims that the last `get` raises a `LookupError`. It does not, in Python or here:
/// `reset` puts back "nothing", and then the default is read.
#[test]
fn integer_default_42_set_to_100_reset_to_42() {
    let out = Output::default();
    out.print(NUMBER.get().to_string());
    let token = NUMBER.set(100);
    out.print(NUMBER.get().to_string());
    NUMBER.reset(token).unwrap();
    out.print(NUMBER.try_get().unwrap().to_string());
    out.expect(["42", "100", "42"]);
}

#[tokio::test]
async fn option_with_default_none_is_set_by_a_middleware() {
    async fn middleware<R>(name: &str, handler: impl Future<Output = R>) -> R {
        CURRENT_USER.scope(Some(user(name)), handler).await
    }

    async fn handler() -> String {
        match CURRENT_USER.get() {
            Some(user) => format!("Hello, {}", user.name),
            None => "Please log in".to_owned(),
        }
    }

    let out = Output::default();
    out.print(handler().await);
    out.print(middleware("alice", handler()).await);
    out.print(handler().await);
    out.expect(["Please log in", "Hello, alice", "Please log in"]);
}

// ---- the echo flow -------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn echo_flow_each_sub_task_reads_its_own_task_id() {
    async fn sub_task(out: &Output) {
        out.print(format!("sub-task of task {} begins", TASK_ID.get()));
        wait(10 * TASK_ID.get()).await;
        out.print(format!("sub-task of task {} ends", TASK_ID.get()));
    }

    #[with_context(task_id = id)]
    async fn echo(id: u64, out: Output) -> u64 {
        sub_task(&out).await;
        TASK_ID.get()
    }

    let out = Output::default();
    let tasks = [1, 2].map(|id| tokio::spawn(echo(id, out.clone())));
    assert_eq!(gather(tasks).await, [1, 2]);
    out.expect([
        "sub-task of task 1 begins",
        "sub-task of task 2 begins",
        "sub-task of task 1 ends",
        "sub-task of task 2 ends",
    ]);
    assert!(!TASK_ID.is_set());
}

// ---- a structure, temporarily replaced -----------------------------------------------------

const GUEST: &str = r#"{"guest": true}"#;
const ADMIN: &str = r#"{"admin": true}"#;

fn show_privileges(out: &Output) {
    out.print(USER_CONTEXT.with(|privileges| format!("{privileges:?}")));
}

#[test]
fn structure_is_replaced_by_admin_privileges_and_put_back() {
    #[with_context(user_context = admin())]
    fn with_admin_privileges(out: &Output) {
        show_privileges(out);
    }

    let out = Output::default();
    show_privileges(&out);
    with_admin_privileges(&out);
    show_privileges(&out);
    USER_CONTEXT.sync_scope(admin(), || show_privileges(&out));
    show_privileges(&out);
    out.expect([GUEST, ADMIN, GUEST, ADMIN, GUEST]);
}

#[test]
fn structure_is_put_back_also_when_the_body_fails() {
    #[with_context(user_context = admin())]
    fn with_admin_privileges(out: &Output, number: &str) -> Result<u8, std::num::ParseIntError> {
        show_privileges(out);
        let number = number.parse()?;
        assert!(number < 100, "{number} is too much");
        Ok(number)
    }

    let out = Output::default();
    assert!(with_admin_privileges(&out, "many").is_err());
    show_privileges(&out);
    let body = AssertUnwindSafe(|| with_admin_privileges(&out, "101"));
    assert!(catch_unwind(body).is_err());
    show_privileges(&out);
    assert_eq!(with_admin_privileges(&out, "7"), Ok(7));
    show_privileges(&out);
    out.expect([ADMIN, GUEST, ADMIN, GUEST, ADMIN, GUEST]);
}

// ---- `copy_context` and `run` --------------------------------------------------------------

/// `for var, value in copy_context().items():`
#[test]
fn copied_context_is_enumerated_by_name_and_value() {
    let _ = USER_ID.set("alice");
    let _ = REQUEST_ID.set("abc-123");
    let _ = USER_CONTEXT.set(admin());

    let out = Output::default();
    let context = Context::current();
    for entry in &context {
        out.print(format!("{} = {entry:?}", entry.name()));
    }
    out.expect([
        r#"REQUEST_ID = "abc-123""#,
        r#"USER_CONTEXT = {"admin": true}"#,
        r#"USER_ID = "alice""#,
    ]);

    assert_eq!(context.len(), 3);
    assert!(context.contains(&USER_ID));
    assert!(!context.contains(&NUMBER), "a default is no entry");
    let values = context.iter().filter_map(|entry| entry.downcast_ref());
    assert_eq!(values.collect::<Vec<&&str>>(), [&"abc-123", &"alice"]);
    assert_eq!(
        format!("{context:?}"),
        r#"{REQUEST_ID: "abc-123", USER_CONTEXT: {"admin": true}, USER_ID: "alice"}"#
    );
}

// ---- tasks and threads ---------------------------------------------------------------------

#[tokio::test]
async fn created_task_inherits_and_cannot_change_the_parents_value() {
    #[inherit_context]
    fn create_task(out: Output) -> JoinHandle<()> {
        tokio::spawn(async move {
            out.print(format!("task sees {}", REQUEST_ID.get()));
            let _ = REQUEST_ID.set("set-by-task");
            out.print(format!("task sets {}", REQUEST_ID.get()));
        })
    }

    #[with_context(request_id = "req-789")]
    async fn parent(out: &Output) {
        create_task(out.clone()).await.unwrap();
        out.print(format!("parent still sees {}", REQUEST_ID.get()));
    }

    let out = Output::default();
    parent(&out).await;
    out.expect([
        "task sees req-789",
        "task sets set-by-task",
        "parent still sees req-789",
    ]);
}

#[tokio::test]
async fn bare_thread_starts_at_the_default_while_a_task_has_its_own_value() {
    #[with_context(user_id = "alice")]
    async fn task(out: &Output) {
        out.print(format!("task: {}", USER_ID.get()));
        let bare = std::thread::spawn(|| USER_ID.get());
        out.print(format!("bare thread: {}", bare.join().unwrap()));
        let inheriting = context_vars::thread::spawn(|| USER_ID.get());
        out.print(format!("thread: {}", inheriting.join().unwrap()));
        out.print(format!("task: {}", USER_ID.get()));
    }

    let out = Output::default();
    task(&out).await;
    out.expect([
        "task: alice",
        "bare thread: anonymous",
        "thread: alice",
        "task: alice",
    ]);
}

// ---- web programs --------------------------------------------------------------------------

struct Response {
    request_id: &'static str,
    body: String,
}

/// A middleware that gives every request an id, around a route handler; the id is read three
/// functions further down.
#[tokio::test(start_paused = true)]
async fn request_id_middleware_around_a_route_handler_three_functions_deep() {
    async fn middleware(id: &'static str, route: impl Future<Output = String>) -> Response {
        let work = async {
            let body = route.await;
            let request_id = REQUEST_ID.get();
            Response { request_id, body }
        };
        REQUEST_ID.scope(id, work).await
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

    let (first, second) = tokio::join!(
        middleware("req-1", route(10)),
        middleware("req-2", route(20))
    );
    assert_eq!(first.request_id, "req-1");
    assert_eq!(first.body, "[req-1] item 10");
    assert_eq!(second.request_id, "req-2");
    assert_eq!(second.body, "[req-2] item 20");
    assert!(!REQUEST_ID.is_set());
}

/// `class TraceIdFilter(logging.Filter)`: the programs log as ever, the filter adds the trace id.
#[tokio::test(start_paused = true)]
async fn logging_filter_puts_the_trace_id_on_every_record() {
    struct Record {
        trace_id: String,
        message: &'static str,
    }

    fn trace_id_filter(record: &mut Record) {
        record.trace_id = TRACE_ID.get_or_else(|| "-".to_owned());
    }

    fn info(out: &Output, message: &'static str) {
        let trace_id = String::new();
        let mut record = Record { trace_id, message };
        trace_id_filter(&mut record);
        out.print(format!("[{}] {}", record.trace_id, record.message));
    }

    #[with_context(trace_id = format!("trace-{number}"))]
    async fn handle(number: u64, out: Output) {
        info(&out, "request begins");
        wait(number).await;
        info(&out, "request ends");
    }

    let out = Output::default();
    info(&out, "server begins");
    gather([
        tokio::spawn(handle(1, out.clone())),
        tokio::spawn(handle(2, out.clone())),
    ])
    .await;
    info(&out, "server ends");
    out.expect([
        "[-] server begins",
        "[trace-1] request begins",
        "[trace-2] request begins",
        "[trace-1] request ends",
        "[trace-2] request ends",
        "[-] server ends",
    ]);
}
