//! The same on every runtime: each scenario below is one generic body, run on each of them.

use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context as Waking, Poll};

use context_vars::{Context, context_var, prelude::*};
use futures::FutureExt;
use futures::executor::{LocalPool, LocalSpawner, ThreadPool};
use futures::future::RemoteHandle;
use futures::task::{LocalSpawnExt, SpawnExt};
use tokio::runtime::{Builder, LocalOptions};

use crate::support::{Alive, OnDrop, Tracked, yield_once};

context_var! {
    static USER: String = "anonymous".to_owned();
    static COUNT: u32 = 0;
    static TRACKED: Tracked;
}

/// Where tasks run. What is asked of it, all have: to start a task, bare, and to cancel one.
trait Runtime: 'static {
    /// Runs `body` to its end, with the runtime's threads beside it.
    fn run(body: impl Future<Output = ()> + Send + 'static);
    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T>;
}

/// A task of one of the runtimes.
enum Task<T> {
    Tokio(tokio::task::JoinHandle<T>),
    Smol(smol::Task<std::thread::Result<T>>),
    Remote(RemoteHandle<T>),
}

impl<T: Send + 'static> Task<T> {
    /// Waits for the result; `None` if the task panicked.
    async fn outcome(self) -> Option<T> {
        match self {
            Self::Tokio(task) => task.await.ok(),
            Self::Smol(task) => task.await.ok(),
            Self::Remote(task) => AssertUnwindSafe(task).catch_unwind().await.ok(),
        }
    }

    /// Stops the task where it waits.
    async fn cancel(self) {
        match self {
            Self::Tokio(task) => {
                task.abort();
                assert!(task.await.is_err_and(|error| error.is_cancelled()));
            }
            Self::Smol(task) => assert!(task.cancel().await.is_none()),
            Self::Remote(task) => drop(task),
        }
    }
}

// ---- the scenarios ----

/// Two tasks set the same variable in turn.
async fn set<R: Runtime>() {
    let counter = |step: u32| async move {
        for n in 1..=50 {
            drop(COUNT.set(COUNT.get() + step));
            yield_once().await;
            assert_eq!(COUNT.get(), n * step);
        }
    };
    let tasks = [1, 10].map(|step| R::spawn(counter(step).in_context(Context::new())));
    for task in tasks {
        assert!(task.outcome().await.is_some());
    }
    assert!(!COUNT.is_set());
}

/// Scopes of scopes in tasks that take turns.
async fn scope<R: Runtime>() {
    let user = |name: String| async move {
        let inner = USER.scope(format!("{name}'s guest"), async {
            yield_once().await;
            drop(COUNT.set(1));
            yield_once().await;
            (USER.get(), COUNT.get())
        });
        yield_once().await;
        let inside = inner.await;
        yield_once().await;
        (inside, (USER.get(), COUNT.get()))
    };
    let names: Vec<_> = (0..20).map(|n| format!("user {n}")).collect();
    let task = |name: &String| R::spawn(USER.scope(name.clone(), user(name.clone())));
    let tasks: Vec<_> = names.iter().map(task).collect();
    for (name, task) in names.into_iter().zip(tasks) {
        let inside = (format!("{name}'s guest"), 1);
        assert_eq!(task.outcome().await, Some((inside, (name, 0))));
    }
}

/// Many tasks inherit, each something else.
async fn inherit<R: Runtime>() {
    let worker = |n: u32| async move {
        for step in 0..10 {
            assert_eq!(COUNT.get(), n + step);
            drop(COUNT.set(n + step + 1));
            yield_once().await;
        }
        USER.get()
    };
    let task = |n: u32| {
        let wrapped = COUNT.sync_scope(n, || worker(n).inherit_context());
        (n, R::spawn(wrapped))
    };
    drop(USER.set("main".to_owned()));
    for (n, task) in (0..200).map(task).collect::<Vec<_>>() {
        assert_eq!(task.outcome().await, Some("main".to_owned()), "task {n}");
    }
    assert!(!COUNT.is_set());
    let bare = R::spawn(async { COUNT.is_set() });
    assert_eq!(
        bare.outcome().await,
        Some(false),
        "a bare task inherits nothing"
    );
}

/// Tasks spawn tasks: a child inherits from where it is spawned, a grandchild from the child.
async fn spawn<R: Runtime>() {
    fn generation<R: Runtime>(depth: u32) -> Pin<Box<dyn Future<Output = Vec<String>> + Send>> {
        Box::pin(async move {
            yield_once().await;
            let mut names = vec![USER.get()];
            if depth > 0 {
                let name = format!("{}.{depth}", USER.get());
                let inherits = || generation::<R>(depth - 1).inherit_context();
                let task = R::spawn(USER.sync_scope(name, inherits));
                names.extend(task.outcome().await.unwrap());
            }
            names
        })
    }
    let root = USER.scope("0".to_owned(), generation::<R>(3));
    let names = R::spawn(root).outcome().await.unwrap();
    assert_eq!(names, ["0", "0.3", "0.3.2", "0.3.2.1"]);
}

/// Notes the user that is current when it is dropped.
fn witness() -> (impl Drop + Send, Arc<Mutex<Vec<String>>>) {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let here = seen.clone();
    (OnDrop(move || here.lock().unwrap().push(USER.get())), seen)
}

/// The context of a future whose values are counted.
fn tracked(alive: &Alive) -> Context {
    Context::new()
        .with_value(&USER, "own".to_owned())
        .with_value(&TRACKED, alive.track())
}

/// Yields until `done`, since a runtime may be late to drop what was cancelled.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::yield_now();
        yield_once().await;
    }
}

/// A poll panics: the others notice nothing.
async fn panic_in_poll<R: Runtime>() {
    for _ in 0..10 {
        let alive = Alive::default();
        let (hook, seen) = witness();
        let panicking = async move {
            let _hook = hook;
            yield_once().await;
            drop(USER.set("set before".to_owned()));
            panic!("on purpose");
        };
        let panicking = R::spawn(panicking.in_context(tracked(&alive)));
        let other = R::spawn(USER.scope("other".to_owned(), async {
            yield_once().await;
            USER.get()
        }));
        assert_eq!(panicking.outcome().await, None::<()>);
        assert_eq!(other.outcome().await.as_deref(), Some("other"));
        until(|| alive.count() == 0).await;
        assert_eq!(*seen.lock().unwrap(), ["set before"]);
        let after = R::spawn(async { USER.is_set() });
        assert_eq!(after.outcome().await, Some(false));
    }
    assert!(!USER.is_set());
}

/// A task is cancelled: it goes inside its context, and its values go.
async fn cancel<R: Runtime>() {
    for polled in [false, true] {
        let alive = Alive::default();
        let (hook, seen) = witness();
        let started = Arc::new(Mutex::new(false));
        let starts = started.clone();
        let waiting = async move {
            let _hook = hook;
            *starts.lock().unwrap() = true;
            std::future::pending::<()>().await;
        };
        let task = R::spawn(waiting.in_context(tracked(&alive)));
        if polled {
            until(|| *started.lock().unwrap()).await;
        }
        task.cancel().await;
        until(|| alive.count() == 0).await;
        assert_eq!(*seen.lock().unwrap(), ["own"], "polled: {polled}");
    }
    assert!(!USER.is_set());
}

/// Everything that a thousand tasks held is gone behind them.
async fn dropped<R: Runtime>() {
    let alive = Alive::default();
    let (hook, seen) = witness();
    let hook = Arc::new(Mutex::new(Some(hook)));
    let work = |n: usize| {
        let hook = hook.clone();
        let tracked = alive.track();
        async move {
            let _token = TRACKED.set(tracked);
            yield_once().await;
            if n == 500 {
                drop(hook.lock().unwrap().take());
            }
        }
    };
    let task = |n| R::spawn(work(n).in_context(tracked(&alive)));
    let tasks: Vec<_> = (0..1000).map(task).collect();
    for task in tasks {
        task.outcome().await.unwrap();
    }
    until(|| alive.count() == 0).await;
    assert_eq!(*seen.lock().unwrap(), ["own"]);
}

// ---- the runtimes ----

fn spawn_on_tokio<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
    Task::Tokio(tokio::spawn(task))
}

struct TokioOfOneThread;

impl Runtime for TokioOfOneThread {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        spawn_on_tokio(task)
    }
}

struct TokioOfTwoWorkers;

impl Runtime for TokioOfTwoWorkers {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).build().unwrap().block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        spawn_on_tokio(task)
    }
}

struct TokioLocalSet;

impl Runtime for TokioLocalSet {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let runtime = Builder::new_current_thread().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task::Tokio(tokio::task::spawn_local(task))
    }
}

struct TokioLocalRuntime;

impl Runtime for TokioLocalRuntime {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.build_local(LocalOptions::default()).unwrap();
        runtime.block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task::Tokio(tokio::task::spawn_local(task))
    }
}

#[cfg(tokio_unstable)]
struct TokioAndItsHooks;

#[cfg(tokio_unstable)]
impl Runtime for TokioAndItsHooks {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).inherit_context().build();
        runtime.unwrap().block_on(body);
    }

    /// Bare, although the runtime inherits: the scenarios ask for a task that knows nothing.
    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        context_vars::isolated(|| spawn_on_tokio(task))
    }
}

struct Smol;

/// Smol's executor with two threads of its own, as `smol::spawn` has one.
static SMOL: LazyLock<&smol::Executor<'_>> = LazyLock::new(|| {
    static EXECUTOR: smol::Executor<'_> = smol::Executor::new();
    for _ in 0..2 {
        std::thread::spawn(|| smol::block_on(EXECUTOR.run(std::future::pending::<()>())));
    }
    &EXECUTOR
});

impl Runtime for Smol {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        smol::block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task::Smol(SMOL.spawn(AssertUnwindSafe(task).catch_unwind()))
    }
}

struct SmolOfOneThread;

thread_local! {
    static LOCAL: smol::LocalExecutor<'static> = const { smol::LocalExecutor::new() };
}

impl Runtime for SmolOfOneThread {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        LOCAL.with(|executor| smol::block_on(executor.run(body)));
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let task = AssertUnwindSafe(task).catch_unwind();
        Task::Smol(LOCAL.with(|executor| executor.spawn(task)))
    }
}

struct FuturesThreadPool;

static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPool::builder().pool_size(2).create().unwrap());

impl Runtime for FuturesThreadPool {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        futures::executor::block_on(body);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task::Remote(POOL.spawn_with_handle(task).unwrap())
    }
}

struct FuturesLocalPool;

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

impl Runtime for FuturesLocalPool {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        pool.run_until(body);
        SPAWNER.set(None);
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let spawner = SPAWNER.with_borrow(|spawner| spawner.clone().unwrap());
        Task::Remote(spawner.spawn_local_with_handle(task).unwrap())
    }
}

/// A loop over a queue, in the fewest lines: what users write who have no runtime.
struct ByHand;

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    static QUEUE: RefCell<Vec<Boxed>> = const { RefCell::new(Vec::new()) };
}

impl Runtime for ByHand {
    fn run(body: impl Future<Output = ()> + Send + 'static) {
        let mut body = Box::pin(body);
        let waking = &mut Waking::from_waker(std::task::Waker::noop());
        while body.as_mut().poll(waking).is_pending() {
            let tasks = QUEUE.take();
            for mut task in tasks.into_iter().rev() {
                if task.as_mut().poll(waking) == Poll::Pending {
                    QUEUE.with_borrow_mut(|queue| queue.push(task));
                }
            }
        }
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let (task, handle) = task.remote_handle();
        QUEUE.with_borrow_mut(|queue| queue.push(Box::pin(task)));
        Task::Remote(handle)
    }
}

// ---- the matrix ----

/// On a thread of its own, where a scenario may set in the root.
fn run<R: Runtime>(scenario: impl Future<Output = ()> + Send + 'static) {
    let there = std::thread::spawn(move || R::run(scenario));
    if let Err(panic) = there.join() {
        std::panic::resume_unwind(panic);
    }
}

macro_rules! matrix {
    ($($(#[$attribute:meta])* $module:ident: $Runtime:ident,)*) => {$(
        $(#[$attribute])*
        mod $module {
            use super::{$Runtime, run};

            matrix! { $Runtime: set scope inherit spawn panic_in_poll cancel dropped }
        }
    )*};
    ($Runtime:ident: $($scenario:ident)*) => {$(
        #[test]
        fn $scenario() {
            run::<$Runtime>(super::$scenario::<$Runtime>());
        }
    )*};
}

matrix! {
    tokio_of_one_thread: TokioOfOneThread,
    tokio_of_two_workers: TokioOfTwoWorkers,
    tokio_local_set: TokioLocalSet,
    tokio_local_runtime: TokioLocalRuntime,
    #[cfg(tokio_unstable)]
    tokio_and_its_hooks: TokioAndItsHooks,
    smol_of_two_threads: Smol,
    smol_of_one_thread: SmolOfOneThread,
    futures_thread_pool: FuturesThreadPool,
    futures_local_pool: FuturesLocalPool,
    by_hand: ByHand,
}

/// A runtime of one thread that asks the kernel itself; its tasks need not be `Send`.
#[test]
fn monoio_runs_an_inherited_task() {
    let mut runtime = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new()
        .build()
        .unwrap();
    let user = runtime.block_on(async {
        let wrapped = || {
            let work = async {
                yield_once().await;
                drop(COUNT.set(1));
                yield_once().await;
                (USER.get(), COUNT.get())
            };
            work.inherit_context()
        };
        let task = monoio::spawn(USER.sync_scope("alice".to_owned(), wrapped));
        let bare = monoio::spawn(async { USER.is_set() || COUNT.is_set() });
        (task.await, bare.await)
    });
    assert_eq!(user, (("alice".to_owned(), 1), false));
}
