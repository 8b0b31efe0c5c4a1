//! `#[inherit_context]` is neutral: what compiles without it compiles with it, evaluates everything
//! once and in the same order, and is `Send` when it was.
//!
//! The functions are also compiled in edition 2021, see `tests/fixtures/editions/neutral`.

#![allow(
    dead_code,
    unused_parens,
    unused_braces,
    clippy::disallowed_methods,
    clippy::needless_late_init,
    clippy::ptr_arg,
    clippy::redundant_closure,
    clippy::redundant_locals,
    clippy::useless_conversion,
    clippy::vec_init_then_push
)]

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::Display;
use std::future::{self, Future};
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::thread::{self, JoinHandle};

use context_vars::{context_var, inherit_context};
use tokio::task::spawn_blocking;

context_var! {
    static USER: &str = "nobody";
}

fn user() -> &'static str {
    USER.get()
}

fn as_alice<R>(f: impl FnOnce() -> R) -> R {
    USER.sync_scope("alice", f)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// Spawn functions that ask for more than `FnOnce() + Send + 'static`.
mod spawner {
    use super::*;

    pub fn spawn<R>(job: impl FnOnce() -> R) -> R {
        context_vars::detached(job)
    }

    pub fn spawn_fn<R>(job: impl Fn() -> R + Sync) -> [R; 2] {
        context_vars::detached(|| [job(), job()])
    }

    pub fn spawn_fn_mut<R>(mut job: impl FnMut() -> R) -> [R; 2] {
        context_vars::detached(|| [job(), job()])
    }

    pub fn spawn_cloned<R: Send + 'static>(job: impl Fn() -> R + Clone + Send + 'static) -> Vec<R> {
        let threads = [thread::spawn(job.clone()), thread::spawn(job)];
        threads.map(|thread| thread.join().unwrap()).into()
    }

    pub fn spawn_each<R>(job: impl Fn(usize) -> R + Sync) -> [R; 2] {
        context_vars::detached(|| [job(0), job(1)])
    }

    pub fn spawn_each_mut<R>(mut job: impl FnMut(usize) -> R) -> [R; 2] {
        context_vars::detached(|| [job(0), job(1)])
    }

    pub fn spawn_each_with<R>(job: impl for<'a, 'b> Fn(&'a Vec<&'b str>) -> R) -> R {
        context_vars::detached(|| job(&vec!["text"]))
    }

    pub mod of_fn {
        pub use super::spawn_fn as spawn;
    }

    pub mod of_fn_mut {
        pub use super::spawn_fn_mut as spawn;
    }

    pub mod of_references {
        pub use super::spawn_each_with as spawn;
    }

    pub mod exactly {
        /// Returns the work, for which the caller gives the type that the parameter has.
        pub fn spawn<T>(work: T) -> T {
            work
        }
    }
}

// ---- Evaluated once ----

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

struct Job {
    run: fn() -> &'static str,
}

fn next_job() -> Job {
    TAKEN.set(TAKEN.get() + 1);
    Job { run: user }
}

/// Counts how often it is dereferenced.
struct Counted(Job);

impl Deref for Counted {
    type Target = Job;

    fn deref(&self) -> &Job {
        TAKEN.set(TAKEN.get() + 1);
        &self.0
    }
}

#[inherit_context]
fn spawns_fields() -> [&'static str; 3] {
    let counted = Counted(Job { run: user });
    [
        spawner::spawn(next_job().run),
        spawner::spawn(counted.run),
        spawner::spawn([next_job()][0].run),
    ]
}

#[test]
fn an_argument_is_evaluated_once() {
    assert_eq!(as_alice(spawns_fields), ["alice"; 3]);
    assert_eq!(TAKEN.get(), 3);
}

#[inherit_context]
fn in_order(log: &RefCell<Vec<u8>>) {
    struct On(u8);
    impl On {
        fn spawn_on(self, job: impl FnOnce() -> u8, _: &u8) {
            job();
        }
    }
    let note = |step| {
        log.borrow_mut().push(step);
        step
    };
    let job = |step| move || note(step + 10);
    On(note(1)).spawn_on(job(note(2)), &note(3));
}

#[test]
fn arguments_are_evaluated_in_order() {
    let log = RefCell::default();
    in_order(&log);
    assert_eq!(*log.borrow(), [1, 2, 3, 12]);
}

// ---- `Send` ----

fn assert_send<T: Send>(value: T) -> T {
    value
}

fn make(n: u8) -> Box<dyn FnOnce() -> u8 + Send> {
    Box::new(move || n)
}

#[inherit_context]
async fn awaits_what_it_spawns(boxed: Box<dyn FnOnce() -> u8 + Send>, n: Cell<u8>) -> u8 {
    let job = Cell::new(n.take());
    let closure = move || job.get();
    let future: Pin<Box<dyn Future<Output = u8> + Send>> = Box::pin(async { 1 });
    let jobs = (make(1), make(2));
    spawn_blocking(boxed).await.unwrap()
        + spawn_blocking(closure).await.unwrap()
        + spawn_blocking(make(3)).await.unwrap()
        + spawn_blocking(jobs.1).await.unwrap()
        + spawn_blocking(future::ready(make(4)).await).await.unwrap()
        + spawn_blocking(future::ready((make(4),)).await.0)
            .await
            .unwrap()
        + tokio::spawn(future).await.unwrap()
        + tokio::spawn(future::ready(Cell::new(1).take()))
            .await
            .unwrap()
}

#[test]
fn a_function_that_awaits_what_it_spawns_stays_send() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let future = assert_send(awaits_what_it_spawns(make(1), Cell::new(5)));
    assert_eq!(runtime.block_on(runtime.spawn(future)).unwrap(), 21);
}

// ---- Arguments that are no work ----

fn spawn_reader(numbers: mpsc::Receiver<u8>, after: JoinHandle<u8>) -> u8 {
    let minute = std::time::Duration::from_secs(60);
    numbers.recv_timeout(minute).unwrap() + after.join().unwrap()
}

fn spawn_workers(count: u32, future: future::Ready<u8>) -> u32 {
    count + u32::from(block_on(future))
}

fn spawn_named(name: String, job: fn() -> &'static str) -> String {
    name + context_vars::detached(job)
}

#[inherit_context]
fn plain_arguments(text: &str) -> String {
    let (send, receive) = mpsc::channel();
    let before = thread::spawn(move || send.send(1).map_or(0, |()| 2));
    let n = text.parse().unwrap();
    let three = spawn_reader(receive, before);
    let workers = spawn_workers(n, future::ready(5));
    format!("{three} {workers} {}", spawn_named("n ".into(), user))
}

#[test]
fn other_spawn_functions_get_their_arguments_untouched() {
    assert_eq!(as_alice(|| plain_arguments("2")), "3 7 n nobody");
}

/// An executor that is given by `&mut`, and notes what its work returns.
type Executor = Vec<&'static str>;

fn spawn(executor: &mut Executor, job: impl FnOnce() -> &'static str) {
    executor.push(context_vars::detached(job));
}

struct Owner<'a> {
    executor: &'a mut Executor,
    job: Boxed,
}

#[inherit_context]
fn reborrows(executor: &mut Executor, job: Boxed) {
    let closure = || user();
    spawn(executor, closure);
    for _ in 0..2 {
        spawn(executor, user);
    }
    let borrowed = &mut *executor;
    spawn(borrowed, user);
    spawn(borrowed, user as fn() -> &'static str);
    let owner = Owner { executor, job };
    spawn(owner.executor, user);
    spawn(owner.executor, owner.job);
}

#[test]
fn what_is_given_by_mutable_reference_is_lent() {
    let mut executor = Executor::new();
    as_alice(|| reborrows(&mut executor, Box::new(user)));
    assert_eq!(executor, ["alice"; 7]);
}

// ---- Types that show only at the call ----

type Boxed = Box<dyn FnOnce() -> &'static str>;

#[inherit_context]
fn inferred_from_the_call(job: Boxed) -> [Boxed; 6] {
    use spawner::exactly::spawn;

    let start = |future| tokio::spawn(future);
    let _task = start(async { 5 });
    let make: fn() -> Boxed = || Box::new(user);
    let first = make().into();
    let typed: Boxed = Box::new(user);
    let later;
    later = Box::new(user) as Boxed;
    [
        spawn::<Boxed>(job.into()),
        spawn::<Boxed>(first),
        spawn::<Boxed>(From::from(make())),
        spawn::<Option<Boxed>>(Some(Box::new(user))).unwrap(),
        spawn::<Boxed>(later),
        spawn::<Boxed>(typed),
    ]
}

#[test]
fn what_takes_its_type_from_the_parameter_is_left_alone() {
    let jobs = block_on(async { as_alice(|| inferred_from_the_call(Box::new(user))) });
    let [others @ .., typed] = jobs.map(|job| job());
    assert_eq!(others, ["nobody"; 5]);
    assert_eq!(typed, "alice");
}

/// A box of a trait of the user, which can be called.
trait Task: FnOnce() -> &'static str + Send {}

impl<F: FnOnce() -> &'static str + Send> Task for F {}

#[inherit_context]
fn boxes_of_another_trait(task: Box<dyn Task>) -> [Box<dyn Task>; 2] {
    use spawner::exactly::spawn;

    [
        spawn::<Box<dyn Task>>(task),
        spawn::<Box<dyn Task>>(Box::new(user)),
    ]
}

#[test]
fn boxes_of_other_traits_stay_boxes() {
    let tasks = as_alice(|| boxes_of_another_trait(Box::new(user)));
    // The other one was a box of a closure until the call.
    assert_eq!(tasks.map(|task| task()), ["nobody", "alice"]);
}

// ---- Functions and closures by name ----

#[inherit_context]
fn local_closures(name: String) -> Vec<String> {
    let greet = || format!("{name} {}", user());
    let mut count = 0;
    let counts = || {
        count += 1;
        format!("{count} {}", user())
    };
    let text = String::from("once ");
    let consumes = || text + user();
    let mut all: Vec<String> = spawner::of_fn::spawn(greet).into();
    all.extend(spawner::of_fn_mut::spawn(counts));
    all.push(spawner::spawn(consumes));
    all
}

#[test]
fn a_closure_by_name_stays_fn_or_fn_mut() {
    let seen = as_alice(|| local_closures("n".to_owned()));
    let expected = ["n alice", "n alice", "1 alice", "2 alice", "once alice"];
    assert_eq!(seen, expected);
}

fn length_and_user(words: &Vec<&str>) -> (usize, &'static str) {
    (words.len(), user())
}

#[inherit_context]
fn higher_ranked() -> [(usize, &'static str); 3] {
    use spawner::of_references;

    [
        of_references::spawn(length_and_user),
        of_references::spawn(|words| (words.len(), user())),
        of_references::spawn(move |words| (words.len(), user())),
    ]
}

#[test]
fn higher_ranked_functions_are_accepted() {
    let seen = as_alice(higher_ranked);
    assert_eq!(seen, [(1, "nobody"), (1, "alice"), (1, "alice")]);
}

// ---- Names ----

mod everywhere {
    use super::*;

    /// Methods with the names of ours, for every type.
    trait Everywhere: Sized {
        fn kind(&self) {}
        fn wrap<T>(self, _: T) {}
        fn again(self) {}
        fn once(self) {}
        fn enter(self) {}
        fn future<T>(self, _: T) {}
        fn split<T>(self, _: T) {}
        fn join<T, U>(self, _: T, _: U) {}
        fn run<T>(self, _: T) {}
    }

    impl<T> Everywhere for T {}

    #[inherit_context]
    pub async fn beside_methods_of_the_same_names() -> [&'static str; 5] {
        let text = String::new();
        let closure = spawner::spawn(|| (text, user()).1);
        [
            closure,
            spawner::spawn(user),
            spawner::spawn(move || user()),
            tokio::spawn(async { user() }).await.unwrap(),
            tokio::spawn(future::poll_fn(|_| Poll::Ready(user())))
                .await
                .unwrap(),
        ]
    }
}

#[test]
fn methods_of_the_user_cannot_take_over() {
    let future = everywhere::beside_methods_of_the_same_names();
    assert_eq!(block_on(USER.scope("alice", future)), ["alice"; 5]);
}

// ---- Blocks and struct literals ----

#[inherit_context]
async fn blocks() -> [&'static str; 4] {
    let name = Arc::new("n");
    let task = tokio::spawn({
        let name = name.clone();
        async move { [*name, user()][1] }
    });
    let thread = thread::spawn({
        let name = Arc::clone(&name);
        move || [*name, user()][1]
    });
    let boxed = spawner::spawn(Box::new({
        let name = name.clone();
        move || [*name, user()][1]
    }));
    let nested = spawner::spawn({
        let inner = spawner::spawn({ || user() });
        Box::new({ move || [user(), inner][1] })
    });
    [task.await.unwrap(), thread.join().unwrap(), boxed, nested]
}

#[test]
fn the_last_expression_of_a_block_inherits() {
    let seen = block_on(USER.scope("alice", blocks()));
    assert_eq!(seen, ["alice"; 4]);
}

impl Future for Job {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<&'static str> {
        Poll::Ready((self.run)())
    }
}

#[inherit_context]
async fn struct_literals() -> [&'static str; 2] {
    let literal = tokio::spawn(Job { run: user });
    let tuple = tokio::spawn(AssertUnwindSafe(Job { run: user }));
    [literal.await.unwrap(), tuple.await.unwrap()]
}

#[test]
fn a_struct_literal_inherits_as_a_tuple_struct_does() {
    let seen = block_on(USER.scope("alice", struct_literals()));
    assert_eq!(seen, ["alice"; 2]);
}

// ---- What is not a spawn call ----

struct Here;

impl Here {
    fn join<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

#[inherit_context]
fn sets_in_closures_that_run_here() -> [&'static str; 3] {
    thread::scope(|_| USER.set("bob"));
    let by_function = user();
    Here.join(|| USER.set("carol"));
    let by_method = user();
    rayon::in_place_scope(|_| USER.set("dave"));
    [by_function, by_method, spawner::spawn(|| user())]
}

#[test]
fn what_other_functions_and_methods_set_is_kept() {
    let seen = as_alice(sets_in_closures_that_run_here);
    assert_eq!(seen, ["bob", "carol", "dave"]);
}

// ---- Closures without `move` ----

#[inherit_context]
fn borrowing_closures(name: &str, log: &Mutex<Vec<String>>) -> Vec<String> {
    let owned = name.to_owned();
    let mut count = 0;
    let mut all: Vec<String> = Vec::new();
    all.extend(spawner::spawn_fn(|| format!("{owned} {}", user())));
    all.extend(spawner::spawn_fn_mut(|| {
        count += 1;
        format!("{count} {}", user())
    }));
    all.extend(spawner::spawn_cloned(|| user().to_owned()));
    for round in ["x", "y"] {
        USER.set(round);
        all.extend(spawner::spawn_each(|n| format!("{n} {}", user())));
        all.extend(spawner::spawn_each(|n| format!("{owned} {n} {}", user())));
    }
    spawner::spawn_each_with(|words| {
        log.lock().unwrap().push(words.concat() + user());
    });
    all
}

#[test]
fn a_closure_without_move_stays_fn_fn_mut_and_clone() {
    let log = Mutex::default();
    let seen = as_alice(|| borrowing_closures("n", &log)).join(", ");
    let (as_x, as_y) = ("0 x, 1 x, n 0 x, n 1 x", "0 y, 1 y, n 0 y, n 1 y");
    let by_all = "n alice, n alice, 1 alice, 2 alice, alice, alice";
    assert_eq!(seen, [by_all, as_x, as_y].join(", "));
    assert_eq!(*log.lock().unwrap(), ["texty"]);
}

#[inherit_context]
fn borrowing_in_every_place(name: &str) -> usize {
    struct Lengths {
        all: [usize; 2],
    }
    let each = |more: &usize| spawner::spawn_each(|n| n + more + name.len() + user().len());
    let mapped: Vec<_> = (0..2)
        .map(|more| spawner::spawn_each(|n| n + more).len())
        .collect();
    let chained = spawner::spawn_each(|n| n + name.len()).map(|n| n + 1).len();
    let nested = spawner::spawn_each(|n| spawner::spawn_each(|m| n + m + name.len()).len());
    let lengths = Lengths {
        all: spawner::spawn_each(|n| n + name.len()),
    };
    while spawner::spawn_each(|n| n + name.len())[0] > 9 {}
    let matched = match mapped.len() {
        n if n > 9 => 0,
        n => spawner::spawn_each(|m| n + m)[0],
    };
    each(&1)[0] + each(&2)[1] + mapped[0] + chained + nested[0] + lengths.all[0] + matched
}

#[test]
fn a_closure_without_move_may_borrow_in_every_place() {
    let sum = as_alice(|| borrowing_in_every_place("n"));
    assert_eq!(sum, 7 + 9 + 2 + 2 + 2 + 1 + 2);
}

#[inherit_context]
fn closures_that_give_away(name: String, other: String) -> Vec<String> {
    let job = move || name + user();
    let by_thread = thread::spawn(|| job()).join().unwrap();
    let with_argument = spawn_with(5, |n| take(n, other));
    vec![by_thread, with_argument]
}

fn take(n: u8, text: String) -> String {
    format!("{n} {text} {}", user())
}

fn spawn_with<A: Send + 'static, R: Send + 'static>(
    argument: A,
    job: impl FnOnce(A) -> R + Send + 'static,
) -> R {
    thread::spawn(move || job(argument)).join().unwrap()
}

#[test]
fn a_closure_without_move_that_gives_away_stays_static() {
    let seen = as_alice(|| closures_that_give_away("n ".to_owned(), "o".to_owned()));
    assert_eq!(seen, ["n alice", "5 o alice"]);
}

#[inherit_context]
fn closures_that_only_seem_to_give_away(count: usize, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    spawner::spawn_each_mut(|n| {
        let line = format!("{n} {}", user());
        all.push(line);
    });
    let lines = spawner::spawn_each_mut(|n| {
        let line = format!("{n} {}", user());
        let mut lines = Vec::new();
        lines.push(line);
        lines
    });
    for line in lines.concat() {
        all.push(line);
    }
    all.extend(spawner::spawn_each(|n| {
        take(1, [n, count].len().to_string())
    }));
    let sum = |n| n + name.len();
    let shared = &sum;
    all.extend(spawner::spawn_each(|n| take_sum(shared, sum(n))));
    all
}

fn take_sum(sum: impl Fn(usize) -> usize, n: usize) -> String {
    format!("{} {}", sum(n), user())
}

#[test]
fn a_closure_without_move_that_copies_or_gives_away_its_own_stays_fn_and_fn_mut() {
    let seen = as_alice(|| closures_that_only_seem_to_give_away(5, "n"));
    let counted = ["0 alice", "1 alice"];
    assert_eq!(seen[..4], [counted, counted].concat());
    assert_eq!(seen[4..6], ["1 2 alice"; 2]);
    assert_eq!(seen[6..], ["2 alice", "3 alice"]);
}

type Parsed = Result<u8, Box<dyn Error>>;

#[inherit_context]
fn results_of_the_expected_type(text: &str) -> (Parsed, Parsed, Box<dyn Display>) {
    let number = spawner::spawn::<Parsed>(|| Ok(text.parse::<u8>()?));
    let failed = spawner::spawn::<Parsed>(|| {
        if text.is_empty() {
            return Ok(5);
        }
        Err(text.into())
    });
    let length = spawner::spawn::<Box<dyn Display>>(|| Box::new(text.len()));
    (number, failed, length)
}

#[test]
fn a_closure_without_move_returns_what_is_expected() {
    let (number, failed, length) = results_of_the_expected_type("5");
    assert_eq!(number.unwrap(), 5);
    assert_eq!(failed.unwrap_err().to_string(), "5");
    assert_eq!(length.to_string(), "1");
}

// ---- Macros ----

macro_rules! start {
    (spawn($name:ident => $job:expr)) => {
        thread::spawn($job)
    };
}

macro_rules! closure {
    (|$argument:ident| $body:expr) => {
        |$argument| $body
    };
    ($($clone:ident),* => $job:expr) => {{
        $(let $clone = $clone.clone();)*
        $job
    }};
}

#[inherit_context]
fn in_macros() -> Vec<String> {
    macro_rules! go {
        ($job:expr) => {
            thread::spawn($job)
        };
    }
    let name = Arc::new("n".to_owned());
    let cloned = thread::spawn(closure!(name => move || name.len().to_string() + user()));
    let unread = start!(spawn(job => || user().to_owned()));
    let own = go!(|| user().to_owned());
    let length = spawner::of_references::spawn(closure!(|words| words.len().to_string()));
    let text = stringify!(spawn(|| 1)).to_owned();
    let joined = [cloned, unread, own].map(|thread| thread.join().unwrap());
    [&joined[..], &[length, text]].concat()
}

#[test]
fn calls_in_macros_are_left_alone_where_they_cannot_be_read() {
    let seen = as_alice(in_macros);
    assert_eq!(seen, ["1alice", "nobody", "nobody", "1", "spawn(|| 1)"]);
}

#[inherit_context]
fn borrows_in_turn(count: &mut u8) -> bool {
    let mut work = Box::pin(spawner::exactly::spawn(future::poll_fn(|_| {
        *count += 1;
        Poll::Ready(())
    })));
    let mut cx = task::Context::from_waker(task::Waker::noop());
    let is_ready = work.as_mut().poll(&mut cx).is_ready();
    *count += 1;
    is_ready
}

#[test]
fn a_future_borrows_until_its_last_use() {
    let mut count = 0;
    assert!(borrows_in_turn(&mut count));
    assert_eq!(count, 2);
}
