//! Every form of the three macros, in a crate that allows no warning, no unsafe code and no
//! prelude. Three crates are made of this file, one for each edition.

#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    unused,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
#![deny(
    clippy::disallowed_methods,
    rust_2018_idioms,
    unreachable_pub,
    single_use_lifetimes
)]
#![deny(
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    trivial_casts,
    unit_bindings
)]
#![deny(
    unused_qualifications,
    unused_lifetimes,
    unused_import_braces,
    let_underscore_drop
)]

use ::std::borrow::ToOwned;
use ::std::boxed::Box;
use ::std::clone::Clone;
use ::std::convert::From;
use ::std::fmt::Debug;
use ::std::future::Future;
use ::std::iter::{Extend, IntoIterator, Iterator};
use ::std::marker::Send;
use ::std::num::ParseIntError;
use ::std::ops::{Drop, FnOnce};
use ::std::option::Option::{self, None};
use ::std::pin::Pin;
use ::std::result::Result::{self, Ok};
use ::std::string::{String, ToString};
use ::std::sync::Mutex;
use ::std::vec::Vec;
use ::std::{assert_eq, format, matches, thread, vec};

use ::context_vars::{context_var, inherit_context, with_context};

context_var! {
    /// On whose behalf the current request runs.
    pub static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    static BLOCK: u8 = { 5 };
    static PARENTHESES: (u8, &str) = (5, "five");
    /// Never printed.
    #[redact]
    #[no_inherit]
    pub static PASSWORD: Option<&str> = None;
    #[cfg(any())]
    static OFF: NoSuchType;
    static FUNCTION: fn(u8) -> u8 = |n| n + 1;
    static CALLED: String = String::new();
}

/// Something with a destructor.
#[derive(Debug)]
pub struct Noisy;

impl Drop for Noisy {
    fn drop(&mut self) {
        assert_eq!(USER.get(), "alice");
    }
}

/// A function with every kind of parameter.
///
/// # Errors
///
/// If `text` is no number.
#[with_context(user = name.clone(), request_id = u64::from(n))]
pub fn sync(
    name: String,
    text: &str,
    (a, _b): (u8, Noisy),
    _: Noisy,
    mut n: u8,
    _unused: Noisy,
) -> Result<String, ParseIntError> {
    n += a + text.parse::<u8>()?;
    if n == 0 {
        return Ok(String::new());
    }
    Ok(format!("{name} {} {} {n}", USER.get(), REQUEST_ID.get()))
}

/// The same, later.
///
/// # Errors
///
/// If `text` is no number.
#[with_context(user = name.clone(), request_id = u64::from(n))]
pub async fn asynchronous(
    name: String,
    text: &str,
    (a, _b): (u8, Noisy),
    _: Noisy,
    mut n: u8,
    _unused: Noisy,
) -> Result<String, ParseIntError> {
    n += a;
    ::tokio::task::yield_now().await;
    n += text.parse::<u8>()?;
    Ok(format!("{name} {} {} {n}", USER.get(), REQUEST_ID.get()))
}

/// A function that returns a future.
#[with_context(user = name)]
pub fn returns_future(name: String, _ignored: Noisy) -> impl Future<Output = String> {
    async { USER.get() }
}

/// A function that returns a boxed future.
#[with_context(user = name.to_owned())]
#[must_use]
pub fn returns_boxed_future<'a>(
    name: &'a str,
    _ignored: Noisy,
) -> Pin<Box<dyn Future<Output = (String, &'a str)> + Send + 'a>> {
    Box::pin(async move { (USER.get(), name) })
}

/// A scope that sets nothing by itself.
#[with_context]
pub fn isolates() -> String {
    let _token = USER.set("inside".to_owned());
    USER.get()
}

/// What is locked is given back in the last expression.
#[with_context(user = "locked".to_owned())]
#[must_use]
pub fn locked(mutex: Mutex<u8>) -> u8 {
    *mutex
        .lock()
        .unwrap_or_else(::std::sync::PoisonError::into_inner)
}

/// Something with methods.
#[derive(Debug)]
pub struct Server {
    name: String,
    noisy: Noisy,
}

impl Server {
    /// By reference.
    #[with_context(user = self.name.clone())]
    pub fn by_reference(&self) -> (&str, String) {
        (&self.name, USER.get())
    }

    /// By value.
    #[with_context(user = self.name.clone())]
    #[must_use]
    pub fn by_value(mut self) -> String {
        self.name.push('!');
        format!("{self:?} {}", self.name)
    }

    /// By value, later.
    #[with_context(user = self.name.clone())]
    pub async fn by_value_later(mut self) -> String {
        self.name.push('!');
        ::std::future::ready(()).await;
        format!("{self:?} {}", self.name)
    }
}

/// A trait with a default method.
pub trait Named {
    /// Its name.
    fn name(&self) -> String;

    /// The name, by way of the context.
    #[with_context(user = self.name())]
    fn by_context(&self) -> String {
        USER.get()
    }
}

impl Named for Server {
    #[with_context(user = self.name.clone())]
    fn name(&self) -> String {
        matches!(self.noisy, Noisy).to_string()
    }
}

/// Threads, which all inherit.
///
/// # Panics
///
/// If what is detached is not.
#[inherit_context]
#[must_use]
pub fn threads<F>(job: F, text: String) -> Vec<String>
where
    F: FnOnce() -> String + Send + 'static,
{
    let mut results = Vec::new();
    let spawned = vec![
        thread::spawn(job),
        thread::spawn(move || text + &USER.get()),
        thread::spawn(|| USER.get()),
        thread::spawn(user),
    ];
    for thread in spawned {
        results.extend(thread.join());
    }
    thread::scope(|scope| {
        let worker = scope.spawn(|| results.push(USER.get()));
        let _result: Result<(), _> = worker.join();
    });
    let detached = #[detach_context]
    |(a, _): (u8, u8), _: u8| (a, USER.get());
    assert_eq!(detached((1, 2), 3), (1, "anonymous".to_owned()));
    results
}

fn user() -> String {
    USER.get()
}

/// Tasks, which all inherit, in a scope.
#[inherit_context]
#[with_context(user = "alice".to_owned())]
pub async fn tasks() -> Vec<String> {
    let mut set = ::tokio::task::JoinSet::new();
    set.spawn(async { USER.get() });
    set.spawn(later());
    set.spawn_blocking(user);
    let first = ::tokio::spawn(async move { USER.get() });
    let second = ::tokio::task::spawn_blocking(|| USER.get());
    let mut results = set.join_all().await;
    results.extend(first.await.into_iter().chain(second.await));
    results
}

async fn later() -> String {
    ::tokio::task::yield_now().await;
    USER.get()
}

/// Runs all of it, for the test that has a prelude.
///
/// # Panics
///
/// If anything is not as it should be.
pub fn check() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().build();
    runtime
        .expect("a runtime can be built")
        .block_on(check_all());
}

async fn check_all() {
    let alice = || "alice".to_owned();
    let written = sync(alice(), "5", (1, Noisy), Noisy, 2, Noisy);
    assert_eq!(written, Ok("alice alice 2 8".to_owned()));
    let written = asynchronous(alice(), "5", (1, Noisy), Noisy, 2, Noisy).await;
    assert_eq!(written, Ok("alice alice 2 8".to_owned()));
    assert_eq!(returns_future(alice(), Noisy).await, "alice");
    assert_eq!(
        returns_boxed_future("alice", Noisy).await,
        (alice(), "alice")
    );
    assert_eq!(isolates(), "inside");
    assert_eq!(locked(Mutex::new(5)), 5);
    let server = || Server {
        name: alice(),
        noisy: Noisy,
    };
    USER.sync_scope(alice(), || {
        let server = server();
        assert_eq!(server.by_reference(), ("alice", alice()));
        assert_eq!(
            (server.name(), server.by_context()),
            ("true".to_owned(), "true".to_owned())
        );
    });
    let shown = r#"Server { name: "alice!", noisy: Noisy } alice!"#;
    assert_eq!(server().by_value(), shown);
    assert_eq!(server().by_value_later().await, shown);
    let results = USER.sync_scope(alice(), || threads(user, String::new()));
    assert_eq!(results, ["alice", "alice", "alice", "alice", "alice"]);
    assert_eq!(tasks().await, ["alice", "alice", "alice", "alice", "alice"]);
    assert_eq!(
        (BLOCK.get(), PARENTHESES.get(), FUNCTION.get()(1)),
        (5, (5, "five"), 2)
    );
    assert_eq!((PASSWORD.get(), CALLED.get()), (None, String::new()));
    assert_eq!(USER.get(), "anonymous");
}
