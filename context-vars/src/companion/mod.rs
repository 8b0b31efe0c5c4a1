//! Carries thread-bound state of other libraries along with work that inherits.
//!
//! The current span of `tracing`, OpenTelemetry's current `Context` and sentry's hub are each stored in a
//! thread-local of their library. They are lost where work moves to another thread or task. A *companion*
//! captures such state and enters it again. Once a program has [`install`]ed a companion, all work that
//! inherits a context also inherits the companion's state. The state is captured where the work is
//! wrapped, entered before each of its steps, and exited after the step, even if the step panics. The
//! work is dropped inside the state, too.
//!
//! # Examples
//!
//! Spans of `tracing`, with the feature `tracing`:
//!
//! ```
//! # #[cfg(all(feature = "tracing", feature = "tokio"))] {
//! use context_vars::{companion, task};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
//! companion::install(companion::TracingSpan).expect("no other companion");
//!
//! let span = tracing::info_span!("request");
//! let task = span.in_scope(|| task::spawn(async { tracing::Span::current() }));
//! assert_eq!(task.await.unwrap(), span);
//! # }
//! # main();
//! # }
//! ```
//!
//! # OpenTelemetry
//!
//! The crate `opentelemetry` is at 0.x, and each of its versions keeps the context in a separate
//! thread-local. A companion in this crate would carry the context of one version, and silently carry
//! none for users of another version. Copy this source instead, and use it with the `opentelemetry` of
//! your program:
//!
//! ```
//! use context_vars::{companion, companion::Companion, inherit};
//! use opentelemetry::{Context, ContextGuard};
//!
//! struct OtelContext;
//!
//! impl Companion for OtelContext {
//!     type State = Context;
//!     type Guard<'a> = ContextGuard;
//!
//!     fn capture(&self) -> Option<Context> {
//!         Some(Context::current()) // an empty one too: it replaces that of the other thread
//!     }
//!
//!     fn enter(&self, state: &Context) -> ContextGuard {
//!         state.clone().attach()
//!     }
//! }
//!
//! # fn main() {
//! companion::install(OtelContext).expect("no other companion");
//!
//! #[derive(Debug, PartialEq)]
//! struct Tenant(&'static str);
//!
//! let work = {
//!     let _attached = Context::current_with_value(Tenant("acme")).attach();
//!     inherit(|| Context::current().get::<Tenant>().map(|tenant| tenant.0))
//! };
//! assert_eq!(std::thread::spawn(work).join().unwrap(), Some("acme"));
//! # }
//! ```
//!
//! Never store OpenTelemetry's context in a context variable *and* a [`Context`](crate::Context) in
//! OpenTelemetry's: each would keep the other alive, in a chain that grows with every hop. A
//! companion's state is not part of any context, so it cannot start such a chain.
//!
//! A companion for sentry's hub is equally short: the state is an `Arc<Hub>`, the guard a
//! `HubSwitchGuard`.
//!
//! # Work that inherits the state
//!
//! | work | companion's state |
//! |---|---|
//! | `inherit_context()` on futures, streams, iterators, bodies | the state where the work was wrapped |
//! | [`inherit`](crate::inherit), `inherit_with`, `inherit_fn`, [`thread::spawn`](crate::thread::spawn), `task::spawn…` | the same |
//! | work that `#[inherit_context]` wraps, pools included | the same |
//! | `ContextLayer`, `ContextService` | the state of the `call`, for the future and for the body of a response; with `detached()` like the next row |
//! | `in_context(context)`, [`Context::run`](crate::Context::run), scopes, `#[with_context]`, [`detached`](crate::detached), `#[detach_context]` | the state of the thread: none is captured, entered or exited |
//! | plain tasks on a runtime with `task::InheritingBuilder` | the state of the thread, because tokio's hooks cannot carry another |
//!
//! The rule behind the table: an operation that copies the current context by itself captures the
//! companion's state too. A [`Context`](crate::Context) that you pass yourself holds variables only.
//!
//! # Cost
//!
//! With the feature, wrapped work is up to one word larger, and each of its steps has one more branch.
//! Wrapping checks once whether a companion is installed, which is one atomic load. If none is installed,
//! there is no allocation and no atomic read-modify-write (`benches/companion.rs`). If one is installed,
//! wrapping costs the call of `capture` and, unless that returns `None`, two allocations. A step costs
//! two calls through a pointer and the work of the companion. A closure in `#[inherit_context]` costs one
//! more allocation.

mod installed;
#[cfg(feature = "tracing")]
mod tracing_span;

pub use self::installed::{Companion, InstallError, install};
#[cfg(feature = "tracing")]
pub use self::tracing_span::{SpanGuard, SpanState, TracingSpan};
