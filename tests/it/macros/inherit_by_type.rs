//! `#[inherit_context]` where a call is given no closure and no block: its type decides.

use std::pin::Pin;
use std::thread;

use context_vars::inherit_context;
use futures::future::BoxFuture;

use super::{as_alice, user};
use crate::support::yield_once;

/// Runs work without a context of its own.
mod pool {
    use super::*;

    pub fn spawn<R: Send>(job: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| scope.spawn(job).join().unwrap())
    }

    pub fn spawn_boxed(job: Box<dyn FnOnce() -> String + Send>) -> String {
        thread::spawn(job).join().unwrap()
    }

    pub fn spawn_boxed_fn(job: Box<dyn Fn() -> String + Send + Sync>) -> String {
        thread::spawn(move || job() + &job()).join().unwrap()
    }

    pub fn spawn_boxed_fn_mut(mut job: Box<dyn FnMut() -> String + Send>) -> String {
        thread::spawn(move || job() + &job()).join().unwrap()
    }

    pub fn spawn_boxed_with(job: Box<dyn FnOnce(&'static str) -> String + Send>) -> String {
        thread::spawn(|| job("with ")).join().unwrap()
    }

    pub fn spawn_boxed_sync(job: Box<dyn Fn() -> String + Sync>) -> String {
        thread::scope(|scope| {
            let job = &job;
            scope.spawn(move || job()).join().unwrap()
        })
    }

    pub fn spawn_boxed_future(future: BoxFuture<'static, String>) -> String {
        thread::spawn(|| futures::executor::block_on(future))
            .join()
            .unwrap()
    }

    pub fn spawn_many(job: impl Fn() -> String + Send + Sync) -> String {
        thread::scope(|scope| {
            let threads = [scope.spawn(&job), scope.spawn(&job)];
            threads.map(|thread| thread.join().unwrap()).concat()
        })
    }

    pub fn spawn_with<T>(value: T, job: impl FnOnce(T) -> String) -> String {
        context_vars::detached(|| job(value))
    }

    pub fn spawn_with_ref<T>(value: T, job: impl for<'a> FnOnce(&'a T) -> String) -> String {
        context_vars::detached(|| job(&value))
    }

    pub fn spawn_with_mut(log: &mut Vec<String>, job: impl FnOnce() -> String) {
        log.push(context_vars::detached(job));
    }

    pub fn spawn_number(number: u64) -> u64 {
        number
    }

    pub fn spawn_named<T>(value: T) -> T {
        value
    }
}

struct Jobs {
    job: fn() -> String,
    boxed: Box<dyn FnOnce() -> String + Send>,
}

fn make_job() -> impl FnOnce() -> String + Send {
    user
}

#[inherit_context]
fn functions() -> [String; 7] {
    let text = String::from("!");
    // It can be called once: its text is moved out.
    let local = move || text + &user();
    let pointer: fn() -> String = user;
    let jobs = Jobs {
        job: user,
        boxed: Box::new(user),
    };
    [
        pool::spawn(user),
        pool::spawn(super::user),
        pool::spawn(local),
        pool::spawn(pointer),
        pool::spawn(jobs.job),
        pool::spawn(make_job()),
        pool::spawn_boxed(jobs.boxed),
    ]
}

#[test]
fn function_values_inherit() {
    assert_eq!(
        as_alice(functions),
        [
            "alice", "alice", "!alice", "alice", "alice", "alice", "alice"
        ]
    );
}

fn make_boxed() -> Box<dyn Fn() -> String + Send + Sync> {
    Box::new(user)
}

async fn later() -> String {
    yield_once().await;
    user()
}

#[inherit_context]
fn boxes_of_other_types() -> [String; 2] {
    let with: Box<dyn FnOnce(&'static str) -> String + Send> =
        Box::new(|text| text.to_owned() + &user());
    let sync: Box<dyn Fn() -> String + Sync> = Box::new(user);
    [pool::spawn_boxed_with(with), pool::spawn_boxed_sync(sync)]
}

#[test]
fn boxes_with_an_argument_or_without_send_stay_boxes() {
    assert_eq!(as_alice(boxes_of_other_types), ["with alice", "alice"]);
}

#[inherit_context]
fn boxes() -> [String; 10] {
    let text = String::from("!");
    let once: Box<dyn FnOnce() -> String + Send> = Box::new(move || user() + &text);
    let future: Pin<Box<dyn Future<Output = String> + Send>> = Box::pin(later());
    let pinned = Box::pin(later());
    let callable = Box::new(|| user());
    let text_again = String::from("!");
    let callable_once = Box::new(move || text_again + &user());
    let mut count = 0;
    [
        pool::spawn_boxed(once),
        pool::spawn_boxed(Box::new(|| user())),
        pool::spawn_boxed_fn(make_boxed()),
        pool::spawn_boxed_future(future),
        // These become boxes of `dyn` only at the call.
        pool::spawn_boxed_future(pinned),
        pool::spawn_boxed_future(Box::pin(later())),
        pool::spawn_boxed(callable),
        pool::spawn_boxed(callable_once),
        pool::spawn_boxed_future(Box::pin(async { later().await })),
        pool::spawn_boxed_fn_mut(Box::new(move || {
            count += 1;
            format!("{count}{}", user())
        })),
    ]
}

#[test]
fn boxes_stay_boxes() {
    assert_eq!(
        as_alice(boxes),
        [
            "alice!",
            "alice",
            "alicealice",
            "alice",
            "alice",
            "alice",
            "alice",
            "!alice",
            "alice",
            "1alice2alice"
        ]
    );
}

#[inherit_context]
fn callable_again(job: impl Fn() -> String + Send + Sync) -> String {
    pool::spawn_many(job) + &pool::spawn_many(user)
}

#[inherit_context]
fn twice_and_once() -> String {
    let text = String::from("!");
    let once = move || user() + &text;
    let twice = pool::spawn_many(user) + &pool::spawn_many(user);
    let or_else = match Some(once) {
        Some(job) => pool::spawn(job),
        None => String::new(),
    };
    twice + &or_else
}

#[test]
fn what_is_fn_stays_fn() {
    assert_eq!(as_alice(|| callable_again(user)), "alice".repeat(4));
    assert_eq!(as_alice(twice_and_once), "alice".repeat(5) + "!");
}

fn add_user(text: String) -> String {
    text + &user()
}

fn add_user_to((text,): &(String,)) -> String {
    text.clone() + &user()
}

#[inherit_context]
fn with_an_argument() -> [String; 2] {
    [
        pool::spawn_with("a ".to_owned(), add_user),
        pool::spawn_with_ref(("b ".to_owned(),), add_user_to),
    ]
}

#[test]
fn functions_with_an_argument_inherit() {
    assert_eq!(as_alice(with_an_argument), ["a alice", "b alice"]);
}

#[inherit_context]
fn other_arguments(log: &mut Vec<String>, number: u64) -> u64 {
    for _ in 0..2 {
        // `log` is lent, not moved.
        pool::spawn_with_mut(log, user);
    }
    let mut own = Vec::new();
    let borrowed = &mut own;
    pool::spawn_with_mut(borrowed, user);
    pool::spawn_with_mut(borrowed, make_job());
    log.append(&mut own);
    let nothing: Option<u8> = pool::spawn_named(None);
    let text: &str = pool::spawn_named("text");
    let five = 5;
    let list = pool::spawn_named(vec![1]);
    assert_eq!((nothing, text, list.len()), (None, "text", 1));
    pool::spawn_number(number) + pool::spawn_number(five) + pool::spawn_number(u64::from(true))
}

#[test]
fn arguments_of_other_types_pass_through() {
    let mut log = Vec::new();
    assert_eq!(as_alice(|| other_arguments(&mut log, 5)), 11);
    assert_eq!(log, ["alice"; 4]);
}

#[inherit_context]
fn temporaries(names: &std::sync::Mutex<Vec<String>>) -> String {
    // What is borrowed from a temporary, here from the lock, lives until the end of the statement.
    pool::spawn(job_for(&names.lock().unwrap()))
}

fn job_for(names: &[String]) -> impl FnOnce() -> String + Send {
    move || names.concat() + &user()
}

#[test]
fn temporaries_live_as_long_as_without() {
    let names = std::sync::Mutex::new(vec!["n".to_owned()]);
    assert_eq!(as_alice(|| temporaries(&names)), "nalice");
}
