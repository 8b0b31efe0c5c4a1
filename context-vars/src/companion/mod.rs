//! Lets thread-bound state of other libraries follow work that inherits.
//!
//! The current span of `tracing`, OpenTelemetry's current `Context`, sentry's hub: each lives in a
//! thread-local of its library, and is lost where work goes to another thread or task. A
//! *companion* knows how to take such state and how to enter it again. Once a program has
//! [`install`]ed one, whatever inherits a context has the companion's state with it: taken where
//! the work is wrapped, entered around each of its steps, left again on every way out, also
//! when a step panics. The work is dropped inside it, too.
//!
//! # Examples
//!
//! Spans, with the feature `tracing`:
//!
//! ```
//! # #[cfg(all(feature = "tracing", feature = "tokio"))] {
//! use context_vars::{companion, task};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
//! companion::install(companion::TracingSpan).expect("nobody else does");
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
//! Its crate is at 0.x and each of its versions keeps the context in a thread-local of its own. A
//! companion in here would carry the context of the version that we chose, and silently nothing
//! for users of another. So it is given as source: it is this, with the `opentelemetry` that your
//! program uses.
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
//! companion::install(OtelContext).expect("nobody else does");
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
//! Never put one of OpenTelemetry's contexts into a context variable *and* one of ours into
//! OpenTelemetry's: each would keep the other alive, in a chain that grows with every hop. A
//! companion's state is not part of any context, so that no such chain can begin.
//!
//! Sentry's hub is as short: the state is an `Arc<Hub>`, the guard `HubSwitchGuard`.
//!
//! # What follows, and what does not
//!
//! | work | companion's state |
//! |---|---|
//! | `inherit_context()` on futures, streams, iterators, bodies | that of the place where it was wrapped |
//! | [`inherit`](crate::inherit) and its like, [`thread::spawn`](crate::thread::spawn), `task::spawn…` | the same |
//! | what `#[inherit_context]` wraps, pools included | the same |
//! | `ContextLayer`, `ContextService` | that of the `call`, for the future, and for the body of a response; with `detached()` as below |
//! | `in_context(context)`, [`Context::run`](crate::Context::run), scopes, `#[with_context]`, [`detached`](crate::detached), `#[detach_context]` | whatever the thread has: nothing is taken, entered or left |
//! | plain tasks on a runtime with `task::InheritingBuilder` | whatever the thread has; tokio's hooks have no place for it |
//!
//! So the rule is one: what takes a copy of the current context by itself takes the companion's
//! state too. A [`Context`](crate::Context) that is passed by hand holds variables only.
//!
//! # Cost
//!
//! With the feature, wrapped work is up to one word larger, and each of its steps has one branch
//! more; wrapping asks once whether a companion is installed, which is one atomic load. Without
//! one there is neither an allocation nor an atomic read-modify-write (`benches/companion.rs`).
//! With one, wrapping costs what the companion does and, unless it says `None`, two allocations; a step
//! two calls through a pointer and what the companion does; for a closure in
//! `#[inherit_context]` also one allocation.

mod installed;
#[cfg(feature = "tracing")]
mod tracing_span;

pub use self::installed::{Companion, InstallError, install};
#[cfg(feature = "tracing")]
pub use self::tracing_span::{SpanGuard, SpanState, TracingSpan};
