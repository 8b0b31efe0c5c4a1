//! The companion for spans of `tracing`.

use core::fmt;

use tracing_core::dispatcher::{self, Dispatch};
use tracing_core::span::Id;

use super::installed::Companion;

/// Lets the current span of `tracing` follow work that inherits.
///
/// It is the span that `tracing::Span::current()` gives where the work is wrapped. The work keeps
/// it open until it is done or dropped. Each step enters and exits it, as
/// `tracing::Instrument` does; work on another thread finds it as its current span.
///
/// Where work is wrapped outside of any span, there is nothing to enter, and `tracing` has no way
/// to hide a span: such work sees the span that its thread is in, usually none.
///
/// Only spans follow, no subscriber: where one is set for a thread alone, by `with_default`,
/// work on another thread must be given it by `WithSubscriber`.
///
/// # Cost
///
/// To wrap: one call to the subscriber for the current span and one to clone it, two allocations;
/// a step one to enter and one to exit.
///
/// # Examples
///
/// Work on another thread is in the span:
///
/// ```
/// # tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
/// use context_vars::{companion, inherit};
///
/// companion::install(companion::TracingSpan).expect("nobody else does");
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
/// Made by [`Companion::capture`], and kept with a job:
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

/// Exits a span when it is dropped; see [`TracingSpan`].
///
/// # Examples
///
/// Made by [`Companion::enter`], and kept for as long as a step lasts:
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
