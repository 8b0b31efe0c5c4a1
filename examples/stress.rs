//! A million tasks on two threads spawn, set, panic and are cancelled at random, and no read is mixed
//! up.
//!
//! ```text
//! cargo run --release --example stress
//! cargo run --release --example stress -- --tasks 20000
//! cargo run --release --example stress -- --tasks 20000 --break
//! ```
//!
//! Every task knows the values that its variables must have, because it gets them as arguments, too,
//! and keeps a record of what it sets. It compares the variables with the record at each step, and
//! once more when it is dropped for any reason. Tasks meet and wake each other, so that they keep
//! changing threads.
//!
//! With `--break` one of the three spawns does not inherit, and the program must notice.

use std::env;
use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use context_vars::prelude::*;
use context_vars::{context_var, task};
use tokio::runtime::Builder;
use tokio::task::{JoinError, JoinHandle, JoinSet, yield_now};
use tokio::time::timeout;

use stress::counted::Counted;
use stress::meeting::Meeting;
use stress::random::Random;

mod stress {
    pub mod counted;
    pub mod meeting;
    pub mod random;
}

context_var! {
    /// On whose behalf a task works.
    static USER: u64;
    /// The same as text, which is stored on the heap.
    static NAME: String = "nobody".to_owned();
    /// Changed by tasks at random.
    static COUNT: u32 = 0;
}

// ---- The work of a task ---------------------------------------------------------------------

/// A task's record of the values that its variables must have.
struct Record {
    user: u64,
    count: u32,
    random: Random,
    run: Arc<Run>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes a few random steps, and checks after each that the variables are as recorded.
fn work(mut record: Record, depth: u32) -> Work {
    Box::pin(async move {
        for _ in 0..record.random.below(8) {
            record.check();
            record.step(depth).await;
        }
        record.check();
        if depth > 0 && record.random.one_in(50) {
            panic::panic_any(OnPurpose);
        }
    })
}

impl Record {
    async fn step(&mut self, depth: u32) {
        match self.random.below(16) {
            0..=2 => self.set(),
            3..=5 => yield_now().await,
            6..=9 => self.run.meeting.join().await,
            10..=11 if depth < 4 => self.scope(depth).await,
            12..=13 => self.spawn_and_wait(depth).await,
            14 => self.spawn_and_go_on(depth),
            15 if self.random.one_in(4) => self.spawn_and_abort(depth).await,
            _ if self.random.one_in(8) => self.time_out(depth).await,
            _ => {}
        }
    }

    fn set(&mut self) {
        self.count = self.random.below(1_000) as u32;
        COUNT.set(self.count);
    }

    /// Works for another user for a while, and then for its own user again.
    async fn scope(&mut self, depth: u32) {
        let (user, mut record) = (self.random.below(1 << 32), self.copy());
        let inner = NAME.scope(name_of(user), async move {
            record.user = user;
            work(record, depth + 1).await;
        });
        USER.scope(user, inner).await;
    }

    /// Spawns a child that inherits; with `--break` it does not.
    async fn spawn_and_wait(&mut self, depth: u32) {
        let Some(child) = self.child(depth) else {
            return;
        };
        let task = if self.run.broken {
            tokio::spawn(child.in_context(context_vars::Context::new()))
        } else {
            task::spawn(child)
        };
        self.run.note_end(task.await);
    }

    fn spawn_and_go_on(&mut self, depth: u32) {
        if let Some(child) = self.child(depth) {
            let (task, run) = (task::spawn(child), self.run.clone());
            self.run.forgotten.lock().unwrap().spawn(async move {
                run.note_end(task.await);
            });
        }
    }

    /// Spawns a child that would wait for ever, and aborts it.
    async fn spawn_and_abort(&mut self, depth: u32) {
        let Some(child) = self.child(depth) else {
            return;
        };
        let waiting = async move {
            child.await;
            std::future::pending().await
        };
        let task: JoinHandle<()> = task::spawn(waiting.inherit_context());
        for _ in 0..self.random.below(4) {
            self.run.meeting.join().await;
        }
        task.abort();
        self.run.note_end(task.await);
    }

    /// Waits in a scope for an event that never happens, until a timeout.
    async fn time_out(&mut self, depth: u32) {
        let (user, mut record) = (self.random.below(1 << 32), self.copy());
        let late = NAME.scope(name_of(user), async move {
            record.user = user;
            work(record, depth + 4).await;
            std::future::pending::<()>().await;
        });
        match timeout(Duration::from_micros(100), USER.scope(user, late)).await {
            Ok(()) => unreachable!("what never comes"),
            Err(_) => self.run.timeouts.fetch_add(1, Relaxed),
        };
    }

    /// Returns the work of a child, unless there are enough tasks.
    fn child(&mut self, depth: u32) -> Option<Counted> {
        let number = if depth < 6 {
            self.run.next_task()?
        } else {
            return None;
        };
        let mut record = self.copy();
        record.random = Random::new(number);
        Some(Counted::new(&self.run, work(record, depth + 1)))
    }

    fn copy(&mut self) -> Self {
        Self {
            user: self.user,
            count: self.count,
            random: Random::new(self.random.next()),
            run: self.run.clone(),
        }
    }

    /// Compares the variables with the record.
    fn check(&self) {
        let same = USER.get_or(0) == self.user
            && COUNT.get() == self.count
            && NAME.with(|name| name.strip_prefix("user ") == Some(&self.user.to_string()));
        self.run.checked.fetch_add(3, Relaxed);
        if !same {
            self.run.mixed_up.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Record {
    /// Checks the variables of a task that has finished, was aborted, timed out or unwinds.
    fn drop(&mut self) {
        self.check();
    }
}

fn name_of(user: u64) -> String {
    format!("user {user}")
}

// ---- The run --------------------------------------------------------------------------------

/// The state that all tasks share.
#[derive(Default)]
struct Run {
    broken: bool,
    tasks: u64,
    spawned: AtomicU64,
    meeting: Meeting,
    forgotten: Mutex<JoinSet<()>>,
    checked: AtomicU64,
    mixed_up: AtomicU64,
    polls: AtomicU64,
    moved: AtomicU64,
    panics: AtomicU64,
    aborts: AtomicU64,
    timeouts: AtomicU64,
    /// The number of panics that are not part of the program.
    bugs: AtomicU64,
}

impl Run {
    fn from_arguments() -> Option<Self> {
        let mut run = Self {
            tasks: 1_000_000,
            ..Self::default()
        };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--tasks" => run.tasks = arguments.next()?.parse().ok()?,
                "--break" => run.broken = true,
                _ => return None,
            }
        }
        Some(run)
    }

    fn next_task(&self) -> Option<u64> {
        let number = self.spawned.fetch_add(1, Relaxed);
        (number < self.tasks).then_some(number)
    }

    fn note_end(&self, end: Result<(), JoinError>) {
        let Err(error) = end else { return };
        let counter = match error.try_into_panic() {
            Err(_) => &self.aborts,
            Ok(panic) if panic.is::<OnPurpose>() => &self.panics,
            Ok(_) => &self.bugs,
        };
        counter.fetch_add(1, Relaxed);
    }
}

/// Starts tasks, never more than a few hundred at once, and waits for all.
async fn run_all(run: &Arc<Run>) {
    let mut roots = JoinSet::new();
    while let Some(user) = run.next_task() {
        let record = move |run: Arc<Run>| Record {
            user,
            count: 0,
            random: Random::new(!user),
            run,
        };
        let (here, there) = (run.clone(), run.clone());
        if user % 2 == 0 {
            // A scope that is created by the task's first poll ...
            let inner = async move { Counted::new(&here, work(record(there), 0)).await };
            roots.spawn(USER.scope(user, NAME.scope(name_of(user), inner)));
        } else {
            // ... or one in which the task is spawned.
            USER.sync_scope(user, || {
                NAME.sync_scope(name_of(user), || {
                    roots.spawn(Counted::new(&here, work(record(there), 0)).inherit_context());
                });
            });
        }
        if roots.len() >= 400 {
            run.note_end(roots.join_next().await.expect("400 tasks"));
        }
    }
    while let Some(end) = roots.join_next().await {
        run.note_end(end);
    }
    loop {
        let mut forgotten = std::mem::take(&mut *run.forgotten.lock().unwrap());
        if forgotten.join_next().await.is_none() {
            return;
        }
        while forgotten.join_next().await.is_some() {}
    }
}

fn main() -> ExitCode {
    let Some(run) = Run::from_arguments().map(Arc::new) else {
        eprintln!("usage: stress [--tasks NUMBER] [--break]");
        return ExitCode::from(2);
    };
    silence_what_is_on_purpose();
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| run.meeting.keep_going(&over));
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(run_all(&run));
        over.store(true, Relaxed);
    });
    report(&run)
}

fn report(run: &Run) -> ExitCode {
    let read = |counter: &AtomicU64| counter.load(Relaxed);
    let (polls, moved, mixed_up) = (read(&run.polls), read(&run.moved), read(&run.mixed_up));
    println!("{} tasks on two threads", run.tasks);
    println!("{polls} polls, {moved} of them on another thread than the one before");
    println!("{} reads checked", read(&run.checked));
    println!("{} panics", read(&run.panics));
    println!("{} aborts", read(&run.aborts));
    println!("{} timeouts", read(&run.timeouts));
    println!("{mixed_up} mixed up");
    let all_kinds = [&run.panics, &run.aborts, &run.timeouts]
        .map(read)
        .iter()
        .all(|&n| n > 0);
    let moved_enough = moved * 10 >= polls;
    if read(&run.bugs) > 0 || !all_kinds || !moved_enough {
        eprintln!(
            "{} panics that nobody intended, or too little happened",
            read(&run.bugs)
        );
        return ExitCode::FAILURE;
    }
    // Without `--break` nothing is wrong, with it something must be.
    if run.broken == (mixed_up > 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

// ---- Panics on purpose ---------------------------------------------------------------------

/// The payload of the panics that are part of the program.
struct OnPurpose;

/// Reports all other panics as usual.
fn silence_what_is_on_purpose() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<OnPurpose>() {
            usual(info);
        }
    }));
}
