//! Helpers for several modules of tests.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use context_vars::{Context as ContextHandle, context_var};
use tokio::runtime::{Builder, Runtime};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: Both functions hand their arguments on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: The layout has a size, as `alloc` requires of its callers, too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `alloc` got the block from the system's allocator, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Returns the number of allocations of `f` on this thread.
pub fn allocations<R>(f: impl FnOnce() -> R) -> usize {
    let before = ALLOCATIONS.get();
    let result = f();
    let count = ALLOCATIONS.get() - before;
    drop(result);
    count
}

/// Polls once, with a waker that does nothing.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A future that is pending once.
pub async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

context_var! {
    /// Whom most tests are about.
    pub static USER: &str = "anonymous";
    pub static COUNT: u32 = 0;
    pub static TRACKED: Tracked;
    pub static HOOK: DropHook;
}

pub fn alice() -> ContextHandle {
    ContextHandle::new().with_value(&USER, "alice")
}

pub fn as_alice<R>(f: impl FnOnce() -> R) -> R {
    USER.sync_scope("alice", f)
}

/// The users that were current when witnesses were dropped.
#[derive(Clone, Default)]
pub struct Witnessed(Arc<Mutex<Vec<&'static str>>>);

impl Witnessed {
    pub fn witness(&self) -> DropHook {
        let users = self.0.clone();
        on_drop(move || users.lock().unwrap().push(USER.get()))
    }

    pub fn users(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// A value that notes the user that is current when it is dropped, and its note.
pub fn witness() -> (DropHook, Witnessed) {
    let seen = Witnessed::default();
    (seen.witness(), seen)
}

/// The limit of a wait for an event that must happen, and takes far less.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Returns the number of repetitions in a test; Miri does one in place of fifty.
pub const fn times(n: usize) -> usize {
    if cfg!(miri) { n.div_ceil(50) } else { n }
}

/// Returns the value that another thread sends.
#[track_caller]
pub fn soon<T>(events: &mpsc::Receiver<T>) -> T {
    events
        .recv_timeout(LIMIT)
        .expect("an event within a minute")
}

/// Blocks until `done`.
#[track_caller]
pub fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LIMIT, "not done within a minute");
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// Returns the result of a thread, or its panic, within the limit.
#[track_caller]
pub fn ended<R>(thread: JoinHandle<R>) -> R {
    until(|| thread.is_finished());
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs `f` on a new thread.
#[track_caller]
pub fn on_a_thread<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    ended(std::thread::spawn(f))
}

/// Returns the result of a future within the limit, on any executor.
#[cfg_attr(miri, allow(dead_code, reason = "its users are not run under Miri"))]
pub async fn in_time<F: Future>(future: F) -> F::Output {
    let late = async {
        smol::Timer::after(LIMIT).await;
        panic!("not done within a minute")
    };
    smol::future::or(future, late).await
}

/// A place at which two threads wait for each other.
pub struct Meeting(AtomicUsize);

impl Meeting {
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    #[track_caller]
    pub fn wait(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        until(|| self.0.load(Ordering::SeqCst) > 1);
    }
}

/// Tokio, with everything on, on the thread that blocks on it.
pub fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Tokio, with everything on and as many workers.
pub fn workers(count: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(count).enable_all().build().unwrap()
}

pub fn two_workers() -> Runtime {
    workers(2)
}

/// A pool of rayon's with as many threads.
#[cfg_attr(miri, allow(dead_code, reason = "its users are not run under Miri"))]
pub fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new();
    builder.num_threads(threads).build().unwrap()
}

/// Returns the number of [`Tracked`] of it that are alive.
#[derive(Clone, Default)]
pub struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub fn track(&self) -> Tracked {
        self.0.fetch_add(1, Ordering::SeqCst);
        Tracked(self.clone())
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A value whose drop is counted.
pub struct Tracked(Alive);

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Calls a closure when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A value that may do anything when it is dropped.
pub type DropHook = OnDrop<Box<dyn FnMut() + Send + Sync>>;

pub fn on_drop(f: impl FnMut() + Send + Sync + 'static) -> DropHook {
    OnDrop(Box::new(f))
}

/// The text of a panic.
pub fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .expect("a panic with a text")
}

/// Runs `f`, which must panic, and gives the text.
pub fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let payload = result.err().expect("a panic");
    panic_text(&*payload).to_owned()
}

/// Is pending once, until the receiver of its waker wakes it.
#[cfg_attr(miri, allow(dead_code, reason = "its users are not run under Miri"))]
pub async fn woken_by(wakers: &mpsc::Sender<Waker>) {
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if asked {
            return Poll::Ready(());
        }
        asked = true;
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}

/// Is pending until another thread wakes it, often while the poll is not over yet.
#[cfg_attr(miri, allow(dead_code, reason = "its users are not run under Miri"))]
pub async fn woken_elsewhere() {
    static ALARM: LazyLock<mpsc::Sender<Waker>> = LazyLock::new(|| {
        let (send, wakers) = mpsc::channel::<Waker>();
        std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        send
    });
    woken_by(&ALARM).await;
}
