//! `#[inherit_context]` with the threads of the standard library.

use std::num::ParseIntError;
use std::thread;

use context_vars::{detached, inherit_context};

use super::spawner::spawn_with;
use super::{USER, as_alice, user};
use crate::support::soon;

#[inherit_context]
fn spawns(name: String) -> String {
    let threads = [
        thread::spawn(user),
        thread::spawn(|| user()),
        thread::spawn(move || name + &user()),
        thread::spawn(|| -> String { return user() }),
        thread::Builder::new().spawn(|| user()).unwrap(),
    ];
    let failing = thread::spawn(|| Ok::<_, ParseIntError>("x".parse::<u8>()? + 1));
    assert!(failing.join().unwrap().is_err());
    threads.map(|thread| thread.join().unwrap()).join(" ")
}

#[inherit_context]
fn scoped(texts: &mut [String]) -> usize {
    let mut count = 0;
    thread::scope(|scope| {
        for text in texts.iter_mut() {
            scope.spawn(|| text.push_str(&user()));
        }
        let counter = &mut count;
        scope.spawn(move || *counter += user().len());
        scope.spawn(|| scope.spawn(|| assert_eq!(user(), "alice")));
        thread::Builder::new()
            .spawn_scoped(scope, || assert_eq!(user(), "alice"))
            .unwrap();
    });
    count
}

#[test]
fn scoped_threads_inherit_and_borrow() {
    let mut texts = ["a".to_owned(), "b".to_owned()];
    assert_eq!(as_alice(|| scoped(&mut texts)), 5);
    assert_eq!(texts, ["aalice", "balice"]);
}

#[inherit_context]
fn sets_on_both_sides() -> [String; 2] {
    let (send, receive) = std::sync::mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        soon(&receive);
        let inherited = user();
        USER.set("inside".to_owned());
        inherited
    });
    USER.set("changed".to_owned());
    send.send(()).unwrap();
    [thread.join().unwrap(), user()]
}

#[test]
fn later_changes_are_not_seen_and_nothing_comes_back() {
    assert_eq!(as_alice(sets_on_both_sides), ["alice", "changed"]);
}

fn spawn_twice(job: impl Fn(u8) -> String + Send + 'static) -> [String; 2] {
    detached(|| [job(1), job(2)])
}

#[inherit_context]
fn with_parameters(name: String) -> ([String; 2], [usize; 2]) {
    let many = spawn_twice(move |n| {
        USER.set(format!("{}{name}", user()));
        format!("{n}{}", user())
    });
    let length = spawn_with((user(), 5), |(name, extra)| name.len() + extra);
    let ignored = spawn_with(7, |_| user().len());
    (many, [length, ignored])
}

#[test]
fn closures_with_parameters_keep_them_and_can_be_called_again() {
    let (many, once) = as_alice(|| with_parameters("!".to_owned()));
    // Each call ran in a fresh copy.
    assert_eq!(many, ["1alice!", "2alice!"]);
    assert_eq!(once, [10, 5]);
}

#[inherit_context]
fn generic<F, R>(job: F) -> R
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    thread::spawn(job).join().unwrap()
}

#[inherit_context]
fn nested_function_and_call_without_work() -> [String; 2] {
    fn plain() -> String {
        thread::spawn(user).join().unwrap()
    }
    let child = std::process::Command::new("true").spawn();
    drop(child.map(|mut child| child.wait()));
    [plain(), thread::spawn(user).join().unwrap()]
}

#[inherit_context]
fn in_a_macro_argument() -> Vec<String> {
    let mut threads = vec![thread::spawn(|| user()), std::thread::spawn(user)];
    threads.extend(Some(thread::spawn(move || user())));
    assert_eq!(format!("{}", thread::spawn(user).join().unwrap()), "alice");
    let users = threads.into_iter().map(|thread| thread.join().unwrap());
    users.collect()
}

macro_rules! run {
    ($($job:expr),*) => { [$($job.join().unwrap()),*] };
}

macro_rules! spawner {
    ($name:ident, $job:expr) => {
        #[inherit_context]
        fn $name() -> String {
            thread::spawn($job).join().unwrap()
        }
    };
}

spawner!(by_macro, || user());
spawner!(by_macro_with_function, user);

#[inherit_context]
fn in_own_macro() -> [String; 2] {
    run![thread::spawn(|| user()), thread::spawn(|| user())]
}

#[test]
fn spawned_threads_inherit() {
    let users = as_alice(|| spawns("n".to_owned()));
    assert_eq!(users, "alice alice nalice alice alice");
    assert_eq!(as_alice(|| generic(user)), "alice");
    let text = String::from("moved ");
    assert_eq!(as_alice(|| generic(move || text + &user())), "moved alice");
}

#[test]
fn spawn_calls_in_macros_are_found() {
    assert_eq!(as_alice(in_a_macro_argument), ["alice"; 3]);
    assert_eq!(as_alice(in_own_macro), ["alice"; 2]);
    assert_eq!(as_alice(by_macro), "alice");
    assert_eq!(as_alice(by_macro_with_function), "alice");
}

#[test]
fn functions_inside_and_calls_without_arguments_are_left_alone() {
    let users = as_alice(nested_function_and_call_without_work);
    assert_eq!(users, ["nobody", "alice"]);
}
