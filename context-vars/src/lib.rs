//! Python's `contextvars` for Rust: values that belong to one piece of work.
//!
//! Request id, user, tenant, deadline: what one request needs and thirty functions below would
//! otherwise have to pass on. A global mixes them up, a `thread_local!` does as soon as tasks
//! share a thread, and a task-local is lost at the next `spawn`. A context variable follows the
//! work: through calls and `.await`s by itself, into tasks and threads where you say so.
//!
//! ```
//! use context_vars::{context_var, inherit_context, with_context};
//!
//! context_var! {
//!     pub static USER: String = "anonymous".to_owned();
//! }
//!
//! # fn main() {
//! #[with_context(user = name)] // for this call: USER is `name`
//! fn handle(name: String) -> String {
//!     let worker = in_background();
//!     format!("{} and {}", USER.get(), worker.join().unwrap())
//! }
//!
//! #[inherit_context] // what this function spawns sees USER
//! fn in_background() -> std::thread::JoinHandle<String> {
//!     std::thread::spawn(|| USER.get())
//! }
//!
//! assert_eq!(handle("alice".to_owned()), "alice and alice");
//! assert_eq!(USER.get(), "anonymous");
//! # }
//! ```
//!
//! [`docs`] has pages on what is shared and what is isolated, limitations, coming from Python and
//! from `tokio::task_local!`, tests, channels and workers, libraries, web services, and the macros'
//! expansions.
//!
//! # Overview
//!
//! * [`context_var!`] declares variables. [`get`](ContextVar::get) and
//!   [`with`](ContextVar::with) read them in the *current context*.
//! * A *scope* is a copy of the current context with some variables set, for one call or one
//!   future: [`#[with_context]`](macro@with_context), [`ContextVar::scope`],
//!   [`ContextVar::sync_scope`]. Whatever is set inside is gone when it ends.
//! * [`set`](ContextVar::set) changes the current context and hands out a [`Token`] for
//!   [`reset`](ContextVar::reset).
//! * [`Context`] is a handle to a context of one's own: copy the current one, enter it, look at
//!   what it holds.
//!
//! # Carrying a context
//!
//! Calls and `.await`s share the caller's context. Work that is handed to somebody else inherits
//! where it is wrapped, and then runs in a copy:
//!
//! | work | how it inherits |
//! |---|---|
//! | whatever a function spawns | [`#[inherit_context]`](macro@inherit_context) on the function |
//! | a future, a stream, an iterator, a body, a message | [`inherit_context()`](ContextExt::inherit_context) |
//! | a closure | [`inherit`], [`inherit_with`], [`inherit_fn`] |
//! | a thread | [`thread::spawn`] |
//! | HTTP requests and their bodies | `ContextLayer` of the module `web`, with the feature `http` |
//! | tokio's tasks | `task::spawn`, `task::spawn_blocking` and others, with the feature `tokio` |
//!
//! A bare `std::thread::spawn` starts empty. A bare task sees the context of whoever polls it,
//! usually an empty one; do not rely on it. What each combinator of futures shares is a table in
//! [`docs::semantics`].
//!
//! # What is guaranteed
//!
//! * A read gives the value in the current context, else the fallback at the call, else the
//!   default, else a [`LookupError`] that names the variable and the place of its declaration.
//! * A default is computed on first need, in an empty context and under no lock. Every reader gets
//!   the same one. One that needs itself panics, one that panicked is tried again.
//! * [`reset`](ContextVar::reset) puts back what was there before that `set`, "nothing" included.
//!   A token of another variable or another context is handed back and nothing has changed; to use
//!   one twice does not compile.
//! * Copies of a context are independent both ways.
//! * Whatever is set in a scope is gone when it ends: by return, `?`, a panic, a cancelled or
//!   dropped future. The context around it is as it was.
//! * A scope is a closure, a future or a function. It has no guard that could be held over an
//!   `.await`, forgotten, or dropped out of order. Only [`Context::attach`], for code that is given an
//!   enter call and an exit call, returns one.
//! * Two futures in scopes that are polled in turn never see each other's values.
//! * A future with a context is polled, finished, cancelled and dropped inside it.
//! * Work that inherits runs in a copy of what was current where it was wrapped. Nothing comes
//!   back, and later changes on either side are not seen by the other.
//! * A `#[no_inherit]` variable stays out of copies; the value of a `#[redact]`ed one is never
//!   printed.
//! * Inside [`with`](ContextVar::with), in a `Drop`, a `Clone` or a default, everything is allowed
//!   on every variable. Nothing deadlocks, and no borrow can be left over.
//! * While a thread ends nothing panics: reads give the fallback or the default.
//!
//! # What it costs
//!
//! | operation | thread-local accesses | atomic operations that write | allocations |
//! |---|--:|--:|--:|
//! | [`get`](ContextVar::get), [`with`](ContextVar::with) of a value that is set | 1 | 0 | 0 |
//! | [`Context::current`], `inherit_context()`, [`inherit`] | 1 | 1 | 0 |
//! | [`Context::run`], a poll, a step of an iterator | 2 | 0 | 0 |
//!
//! None of them locks. What a poll costs depends neither on the number nor on the size of the
//! variables. Variables from the sixteenth on lie in a tree with sixteen branches a node, and a
//! read goes down to them. The first copy made inside a scope of a synchronous function also counts
//! the values that the scope took over, fifteen at most.
//!
//! A scope takes a node and a block for each value, from the thread's free lists if the value has
//! at most 104 bytes. A context is two words. A future, rounded up to whole words, is larger by two
//! words with a context (three with the feature `companion`), by four with a scope, and by five with
//! `#[with_context]`. Each item says what it costs under "Cost"; times beside those of peers are
//! printed by `cargo bench --features deadline --bench ratios` and stand in `benches/RATIOS.md`.
//!
//! # What it does not do
//!
//! * Work that is not wrapped does not inherit.
//! * A value is not copied with its context: a `Mutex` inside is shared by all that hold it.
//! * Spawned work keeps every value of its context alive until it is done.
//! * Two versions of the crate in one program do not know each other.
//!
//! [`docs::limitations`] has these and more, each with a test.
//!
//! # Compared
//!
//! A `thread_local!` mixes tasks that share a thread. `tokio::task_local!` keeps them apart, and
//! has no default, no `set`, and nothing in a spawned task. `opentelemetry::Context` can be carried
//! into tasks, one value for each type, by guards and wrapped futures. Python's `contextvars` are
//! what this crate is modelled on. [`docs::comparison`] has a table and the programs behind it.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `macros` (default) | the three macros |
//! | `tokio` (default) | module `task`: tasks that inherit; and it makes [`set`](ContextVar::set) panic in a task that has no context of its own, because the value would leak to the next task on that thread. Apart from this, and from `companion`, whose state work also inherits, no feature changes behaviour |
//! | `tokio` with `--cfg tokio_unstable` | `task::InheritingBuilder`: a runtime on which every plain `tokio::spawn` inherits |
//! | `tower` | module `service`: each call of a `tower` service in a context, for any kind of request |
//! | `http` | module `web`: each HTTP request in a context, the streamed body of its response included; request ids. With `propagation`: what comes in with a request, and clients that send it |
//! | `stream` | streams that run each step in a context; `FusedFuture` |
//! | `tracing` | `logs::ContextFormat`: the variables in every line of `tracing-subscriber` |
//! | `log` | `logs::ContextLogger`: the variables in every record of `log` |
//! | `companion` | module `companion`: the current span of `tracing`, OpenTelemetry's `Context` and other thread-bound state follows work that inherits |
//! | `deadline` | module `deadline`: timeouts and cancellation that spawned work inherits |
//! | `propagation` | module `propagation`: listed variables in headers and W3C baggage |
//!
//! # Forbidding raw spawns
//!
//! Clippy can report raw spawns, which lose the context, and guards of attached contexts that are
//! held over an `.await`. Put this into the `clippy.toml` of the project. What `#[inherit_context]`
//! rewrites is not reported.
//!
//! ```toml
#![doc = include_str!("../raw-spawns.clippy.toml")]
//! ```
//!
//! # Minimum Rust
//!
//! 1.85.

#![deny(unsafe_code)]
// Without the macros there is nothing that their names could link to.
#![cfg_attr(feature = "macros", deny(rustdoc::broken_intra_doc_links))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[allow(unsafe_code)]
mod raw;

mod error;
mod scope;
mod var;
mod token;
mod context;
mod attach;
mod run_async;
mod in_context;
mod bare_task;
mod iter;
mod inherit;
pub mod thread;
pub mod panic;

mod fields;
#[cfg(any(feature = "http", feature = "propagation"))]
mod text;
#[cfg(feature = "propagation")]
pub mod propagation;
#[cfg(feature = "stream")]
mod stream;
#[cfg(any(feature = "tracing", feature = "log"))]
pub mod logs;
#[cfg(feature = "deadline")]
pub mod deadline;
#[cfg(feature = "companion")]
pub mod companion;
#[cfg(feature = "tokio")]
pub mod task;
#[cfg(feature = "tower")]
pub mod service;
#[cfg(feature = "http")]
pub mod web;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
pub mod prelude;
#[cfg(any(doc, doctest))]
pub mod docs;

pub use crate::attach::Attached;
pub use crate::context::{Context, Entry, Iter};
pub use crate::error::{LookupError, ResetErrorKind};
pub use crate::fields::{AnyVar, Fields, fields};
pub use crate::in_context::{ContextExt, InContext};
pub use crate::inherit::{detached, inherit, inherit_fn, inherit_with};
pub use crate::scope::Scope;
pub use crate::token::{ResetError, Token};
pub use crate::var::ContextVar;

#[cfg(feature = "macros")]
pub use context_vars_macros::{context_var, detach_context, inherit_context, with_context};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
