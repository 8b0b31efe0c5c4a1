//! `#[inherit_context]` where a call is given no closure and no block: its type decides.

use std::pin::Pin;
use std::thread;

use context_vars::inherit_context;
use futures::future::BoxFuture;

use super::{as_alice, user};
use crate::support::yield_once;

/// Runs work without entering a context, by functions that are all named `spawn`.
mod pool {
    use super::*;

    pub fn spawn<R: Send>(job: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| scope.spawn(job).join().unwrap())
    }

    pub mod boxed {
        use super::*;

        pub fn spawn(job: Box<dyn FnOnce() -> String + Send>) -> String {
            thread::spawn(job).join().unwrap()
        }
    }

    pub mod boxed_fn {
        use super::*;

        pub fn spawn(job: Box<dyn Fn() -> String + Send + Sync>) -> String {
            thread::spawn(move || job() + &job()).join().unwrap()
        }
    }

    pub mod boxed_fn_mut {
        use super::*;

        pub fn spawn(mut job: Box<dyn FnMut() -> String + Send>) -> String {
            thread::spawn(move || job() + &job()).join().unwrap()
        }
    }

    pub mod boxed_with {
        use super::*;

        pub fn spawn(job: Box<dyn FnOnce(&'static str) -> String + Send>) -> String {
            thread::spawn(|| job("with ")).join().unwrap()
        }
    }

    pub mod boxed_sync {
        use super::*;

        pub fn spawn(job: Box<dyn Fn() -> String + Sync>) -> String {
            thread::scope(|scope| {
                let job = &job;
                scope.spawn(move || job()).join().unwrap()
            })
        }
    }

    pub mod boxed_future {
        use super::*;

        pub fn spawn(future: BoxFuture<'static, String>) -> String {
            let thread = thread::spawn(|| futures::executor::block_on(future));
            thread.join().unwrap()
        }
    }

    pub mod boxed_unpin_future {
        use super::*;

        pub fn spawn(future: Box<dyn Future<Output = String> + Send + Unpin>) -> String {
            let thread = thread::spawn(|| futures::executor::block_on(future));
            thread.join().unwrap()
        }
    }

    pub mod many {
        use super::*;

        pub fn spawn(job: impl Fn() -> String + Send + Sync) -> String {
            thread::scope(|scope| {
                let threads = [scope.spawn(&job), scope.spawn(&job)];
                threads.map(|thread| thread.join().unwrap()).concat()
            })
        }
    }

    pub mod with {
        pub fn spawn<T>(value: T, job: impl FnOnce(T) -> String) -> String {
            context_vars::detached(|| job(value))
        }
    }

    pub mod with_ref {
        pub fn spawn<T>(value: T, job: impl for<'a> FnOnce(&'a T) -> String) -> String {
            context_vars::detached(|| job(&value))
        }
    }

    pub mod with_mut {
        pub fn spawn(log: &mut Vec<String>, job: impl FnOnce() -> String) {
            log.push(context_vars::detached(job));
        }
    }

    pub mod number {
        pub fn spawn(number: u64) -> u64 {
            number
        }
    }

    pub mod anything {
        pub fn spawn<T>(value: T) -> T {
            value
        }
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
        pool::spawn(local),
        pool::spawn(user),
        pool::spawn(super::user),
        pool::spawn(pointer),
        pool::spawn(jobs.job),
        pool::spawn(make_job()),
        pool::boxed::spawn(jobs.boxed),
    ]
}

#[test]
fn function_values_inherit() {
    let [moved, others @ ..] = as_alice(functions);
    assert_eq!(moved, "!alice");
    assert_eq!(others, ["alice"; 6]);
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
    [pool::boxed_with::spawn(with), pool::boxed_sync::spawn(sync)]
}

#[test]
fn boxes_with_an_argument_or_without_send_stay_boxes() {
    assert_eq!(as_alice(boxes_of_other_types), ["with alice", "alice"]);
}

#[inherit_context]
fn boxes() -> [String; 11] {
    let text = String::from("!");
    let once: Box<dyn FnOnce() -> String + Send> = Box::new(move || user() + &text);
    let future: Pin<Box<dyn Future<Output = String> + Send>> = Box::pin(later());
    let pinned = Box::pin(later());
    let unpin: Box<dyn Future<Output = String> + Send + Unpin> = Box::new(Box::pin(later()));
    let callable = Box::new(|| user());
    let text_again = String::from("!");
    let callable_once = Box::new(move || text_again + &user());
    let mut count = 0;
    [
        pool::boxed::spawn(once),
        pool::boxed::spawn(callable_once),
        pool::boxed_fn::spawn(make_boxed()),
        pool::boxed_fn_mut::spawn(Box::new(move || {
            count += 1;
            format!("{count}{}", user())
        })),
        pool::boxed::spawn(Box::new(|| user())),
        pool::boxed_future::spawn(future),
        pool::boxed_unpin_future::spawn(unpin),
        // These become boxes of `dyn` only at the call.
        pool::boxed_future::spawn(pinned),
        pool::boxed_future::spawn(Box::pin(later())),
        pool::boxed_future::spawn(Box::pin(async { later().await })),
        pool::boxed::spawn(callable),
    ]
}

#[test]
fn boxes_stay_boxes() {
    let (own, alice) = (
        ["alice!", "!alice", "alicealice", "1alice2alice"],
        ["alice"; 7],
    );
    let seen = as_alice(boxes);
    assert_eq!(seen, [&own[..], &alice].concat()[..]);
}

#[inherit_context]
fn callable_again(job: impl Fn() -> String + Send + Sync) -> String {
    pool::many::spawn(job) + &pool::many::spawn(user)
}

#[inherit_context]
fn twice_and_once() -> String {
    let text = String::from("!");
    let once = move || user() + &text;
    let twice = pool::many::spawn(user) + &pool::many::spawn(user);
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
fn with_an_argument() -> [String; 4] {
    [
        pool::with::spawn("a ".to_owned(), add_user),
        pool::with_ref::spawn(("b ".to_owned(),), add_user_to),
        pool::with::spawn("c ".to_owned(), |text| add_user(text)),
        pool::with_ref::spawn(("d ".to_owned(),), |text| add_user_to(text)),
    ]
}

#[test]
fn a_function_with_an_argument_inherits_in_a_closure_alone() {
    let seen = as_alice(with_an_argument);
    assert_eq!(seen, ["a nobody", "b nobody", "c alice", "d alice"]);
}

#[inherit_context]
fn other_arguments(log: &mut Vec<String>, number: u64) -> u64 {
    for _ in 0..2 {
        // `log` is lent, not moved.
        pool::with_mut::spawn(log, user);
    }
    let mut own = Vec::new();
    let borrowed = &mut own;
    pool::with_mut::spawn(borrowed, user);
    pool::with_mut::spawn(borrowed, make_job());
    log.append(&mut own);
    let nothing: Option<u8> = pool::anything::spawn(None);
    let text: &str = pool::anything::spawn("text");
    let five = 5;
    let list = pool::anything::spawn(vec![1]);
    assert_eq!((nothing, text, list.len()), (None, "text", 1));
    pool::number::spawn(number) + pool::number::spawn(five) + pool::number::spawn(u64::from(true))
}

#[test]
fn arguments_of_other_types_pass_through() {
    let mut log = Vec::new();
    assert_eq!(as_alice(|| other_arguments(&mut log, 5)), 11);
    assert_eq!(log, ["alice"; 4]);
}

#[inherit_context]
fn temporaries(names: &std::sync::Mutex<Vec<String>>) -> String {
    // A borrow from a temporary, here from the lock, lives until the end of the statement.
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
