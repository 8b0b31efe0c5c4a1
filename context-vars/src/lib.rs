//! Python's `contextvars` for Rust: values that belong to one piece of work.
//!
//! Some values (request id, user, tenant, deadline) are needed throughout a request but belong in no
//! signature. A global mixes up concurrent requests, and so does a `thread_local!` once tasks share a
//! thread; a task-local is lost at the next `spawn`. A context variable has a default, is private to
//! each task, and follows the work: automatically through calls and `.await`s, and into the tasks and
//! threads that you mark.
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
//! The pages in [`docs`] explain what is shared and what is isolated, and list the limitations. They
//! compare this crate with Python's `contextvars` and `tokio::task_local!`, and have recipes for
//! tests, channels and workers, libraries and web services.
//!
//! # Overview
//!
//! * [`context_var!`] declares variables. [`get`](ContextVar::get) and
//!   [`with`](ContextVar::with) read them in the *current context*.
//! * A *scope* is a copy of the current context with some variables set, for one call or one
//!   future: [`#[with_context]`](macro@with_context), [`ContextVar::scope`],
//!   [`ContextVar::sync_scope`]. Everything that is set inside the scope is dropped when it ends.
//! * [`set`](ContextVar::set) changes the current context and returns a [`Token`], with which
//!   [`reset`](ContextVar::reset) undoes the change.
//! * [`Context`] is an owned handle to a context: copy the current context, enter the copy, list its
//!   variables.
//!
//! # Carrying a context
//!
//! Calls and `.await`s share the caller's context. Spawned work inherits only if you wrap it; it then
//! runs in a copy of the context that is current at that point:
//!
//! | work | how it inherits |
//! |---|---|
//! | everything that a function spawns | [`#[inherit_context]`](macro@inherit_context) on the function |
//! | a future, a stream, an iterator, a body, a message | [`inherit_context()`](ContextExt::inherit_context) |
//! | a closure | [`inherit`], [`inherit_with`], [`inherit_fn`] |
//! | a thread | [`thread::spawn`] |
//! | HTTP requests and their bodies | `ContextLayer` of the module `web`, with the feature `http` |
//! | tokio's tasks | `task::spawn`, `task::spawn_blocking` and others, with the feature `tokio` |
//!
//! A thread from a plain `std::thread::spawn` starts with an empty context. A plain `tokio::spawn` sees
//! whatever context its worker thread is in, usually an empty one. Do not rely on it. The table in
//! [`docs::semantics`] lists what each combinator of futures shares.
//!
//! # What is guaranteed
//!
//! * A read returns the value in the current context, else the fallback given in the call, else the
//!   default, else a [`LookupError`]. The error names the variable and the place of its
//!   declaration.
//! * A default is computed on first need, in an empty context and under no lock. Every reader gets
//!   the same default. A default that reads itself panics. If computing a default panics, the next read
//!   tries again.
//! * [`reset`](ContextVar::reset) restores the state before that `set`, including "unset". A token from
//!   another variable or context is returned in the error, and nothing changes. Using a token twice
//!   does not compile.
//! * Copies of a context are independent of each other.
//! * Everything that is set in a scope is dropped when the scope ends: by return, `?`, a panic, a
//!   cancelled or dropped future. The context around the scope is then unchanged.
//! * A scope is a closure, a future or a function. It has no guard that could be held over an
//!   `.await`, forgotten, or dropped out of order. The only function that returns such a guard is
//!   [`Context::attach`], for code that is called once to enter and once to exit.
//! * Two futures in scopes that are polled in turn never see each other's values.
//! * A future with a context is polled, completed, cancelled and dropped inside that context.
//! * Work that inherits runs in a copy of the context that was current where it was wrapped. Neither
//!   side sees later changes of the other.
//! * A `#[no_inherit]` variable is not copied into other contexts. The value of a `#[redact]`ed
//!   variable is never printed.
//! * Inside [`with`](ContextVar::with), in a `Drop`, a `Clone` or a default, every operation is allowed
//!   on every variable, because no lock and no borrow is held while your code runs.
//! * While a thread ends nothing panics: reads return the fallback or the default.
//!
//! # What it costs
//!
//! | operation | thread-local accesses | atomic operations that write | allocations |
//! |---|--:|--:|--:|
//! | [`get`](ContextVar::get), [`with`](ContextVar::with) of a value that is set | 1 | 0 | 0 |
//! | [`Context::current`], `inherit_context()`, [`inherit`] | 1 | 1 | 0 |
//! | [`Context::run`], a poll, a step of an iterator | 2 | 0 | 0 |
//!
//! None of these operations locks. The cost of a poll depends neither on the number nor on the size of
//! the variables. The first fifteen variables are stored inline, later ones in a 16-way tree, which
//! makes their reads slightly slower. The first copy made inside a scope of a synchronous function also
//! increments the reference counts of the values that the scope took over, fifteen at most.
//!
//! A scope takes a node, and a block for each value. They come from the thread's free lists, except
//! for the block of a value of more than 104 bytes. A context is two words. A context makes a future
//! larger by two words (three with the feature `companion`), a scope by four, and `#[with_context]`
//! by five. The size of the future is first rounded up to whole words. Each item lists its costs in a
//! section "Cost". `cargo bench --features deadline --bench ratios` prints times beside those of
//! other crates; `benches/RATIOS.md` has a printout.
//!
//! # What it does not do
//!
//! * Work that is not wrapped does not inherit.
//! * A value is not copied with its context: all copies share a `Mutex` inside the value.
//! * Spawned work keeps every value of its context alive until the work is done.
//! * Two versions of the crate in one program do not see each other's variables.
//!
//! [`docs::limitations`] explains these and more.
//!
//! # Compared
//!
//! A `thread_local!` mixes up tasks that share a thread. `tokio::task_local!` keeps them apart, but it
//! has no default and no `set`, and a spawned task has none of the values. `opentelemetry::Context` has
//! one value for each type, and is carried into tasks by guards and wrapped futures. This crate is
//! modelled on Python's `contextvars`. [`docs::comparison`] links each row of its table to the program
//! that demonstrates it.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `macros` (default) | the three macros |
//! | `tokio` (default) | module `task`: tasks that inherit. It also makes [`set`](ContextVar::set) panic in a task that has no context of its own, because the value would leak to the next task on that thread. The feature `companion` adds state that the same work inherits. No other feature changes behaviour |
//! | `tokio` with `--cfg tokio_unstable` | `task::InheritingBuilder`: a runtime on which every plain `tokio::spawn` inherits |
//! | `tower` | module `service`: each call of a `tower` service in a context, for any kind of request |
//! | `http` | module `web`: each HTTP request in a context, the streamed body of its response included; request ids. With `propagation`: variables read from a request's headers, and clients that send them on |
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
//! held over an `.await`. Put this into the `clippy.toml` of your project. Clippy does not report the
//! spawns that `#[inherit_context]` rewrites.
//!
//! ```toml
#![doc = include_str!("../raw-spawns.clippy.toml")]
//! ```
//!
//! # Minimum Rust
//!
//! 1.85.

#![deny(unsafe_code)]
// Links to the three macros have no target without the feature `macros`, so the lint would then fail
// a build of the documentation that is otherwise correct.
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
