//! The companion for spans of `tracing`.

use core::fmt;

use tracing_core::dispatcher::{self, Dispatch};
use tracing_core::span::Id;

use super::installed::Companion;

/// A companion that carries the current span of `tracing` along with work that inherits.
///
/// The span is the one that `tracing::Span::current()` returns where the work is wrapped. The work
/// keeps the span open until the work is done or dropped. Each step enters and exits the span, like
/// `tracing::Instrument`, so work on another thread has it as its current span.
///
/// Work that is wrapped outside of any span sees the span that its thread is in, usually none, because
/// `tracing` has no way to hide a span.
///
/// Only the span is carried, not the subscriber. If a subscriber is set for one thread only, by
/// `with_default`, pass it to work on another thread with `WithSubscriber`.
///
/// # Cost
///
/// Wrapping calls the subscriber twice, for the current span and to clone it, and allocates twice. A
/// step calls the subscriber twice, to enter and to exit.
///
/// # Examples
///
/// Work on another thread that runs in the span:
///
/// ```
/// # tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
/// use context_vars::{companion, inherit};
///
/// companion::install(companion::TracingSpan).expect("no other companion");
///
/// let span = tracing::info_span!("request");
/// let work = span.in_scope(|| inherit(tracing::Span::current));
/// assert_eq!(std::thread::spawn(work).join().unwrap(), span);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSpan;

/// A span that work keeps open; see [`TracingSpan`].
///
/// # Examples
///
/// A state created by [`Companion::capture`] and kept with a job:
///
/// ```
/// use context_vars::companion::{Companion, SpanState, TracingSpan};
///
/// struct Job {
///     span: Option<SpanState>,
/// }
///
/// let job = Job { span: TracingSpan.capture() };
/// # drop(job.span);
/// ```
pub struct SpanState {
    dispatch: Dispatch,
    id: Id,
}

impl Drop for SpanState {
    fn drop(&mut self) {
        self.dispatch.try_close(self.id.clone());
    }
}

impl fmt::Debug for SpanState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpanState").field(&self.id).finish()
    }
}

/// A guard that exits a span when it is dropped; see [`TracingSpan`].
///
/// # Examples
///
/// A guard created by [`Companion::enter`] and kept for one step:
///
/// ```
/// use context_vars::companion::{SpanGuard, SpanState};
///
/// struct Step<'a> {
///     state: &'a SpanState,
///     inside: SpanGuard<'a>,
/// }
/// ```
#[derive(Debug)]
pub struct SpanGuard<'a>(&'a SpanState);

impl Drop for SpanGuard<'_> {
    fn drop(&mut self) {
        self.0.dispatch.exit(&self.0.id);
    }
}

impl Companion for TracingSpan {
    type State = SpanState;
    type Guard<'a> = SpanGuard<'a>;

    fn capture(&self) -> Option<SpanState> {
        dispatcher::get_default(|dispatch| {
            let current = dispatch.current_span();
            let id = dispatch.clone_span(current.id()?);
            let dispatch = dispatch.clone();
            Some(SpanState { dispatch, id })
        })
    }

    fn enter<'a>(&'a self, state: &'a SpanState) -> SpanGuard<'a> {
        state.dispatch.enter(&state.id);
        SpanGuard(state)
    }
}
