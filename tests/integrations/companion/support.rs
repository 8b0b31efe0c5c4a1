//! The companion of this process, and what of the thread's state a piece of work sees.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, Once, PoisonError};

use context_vars::companion::{self, Companion, TracingSpan};
use context_vars::context_var;
use opentelemetry::{Context, ContextGuard};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::layer::{self, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// OpenTelemetry's, as the documentation gives it.
pub(crate) struct OtelContext;

impl Companion for OtelContext {
    type State = Context;
    type Guard<'a> = ContextGuard;

    fn capture(&self) -> Option<Context> {
        Some(Context::current())
    }

    fn enter(&self, state: &Context) -> ContextGuard {
        state.clone().attach()
    }
}

thread_local! {
    static OWN: Cell<u32> = const { Cell::new(0) };
}

/// A number in a thread-local; 0 is nothing to take, and 13 cannot be entered.
pub(crate) struct OwnNumber;

pub(crate) const CANNOT_BE_ENTERED: u32 = 13;

pub(crate) struct Restore(u32);

impl Drop for Restore {
    fn drop(&mut self) {
        OWN.set(self.0);
    }
}

impl Companion for OwnNumber {
    type State = u32;
    type Guard<'a> = Restore;

    fn capture(&self) -> Option<u32> {
        Some(OWN.get()).filter(|&number| number != 0)
    }

    fn enter(&self, state: &u32) -> Restore {
        assert_ne!(*state, CANNOT_BE_ENTERED, "it cannot be entered");
        Restore(OWN.replace(*state))
    }
}

/// The number of open spans of each name.
static OPEN: Mutex<Option<HashMap<&'static str, usize>>> = Mutex::new(None);

fn change_open(name: &'static str, change: impl FnOnce(&mut usize)) {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    change(open.get_or_insert_default().entry(name).or_default());
}

pub(crate) fn open_spans(name: &'static str) -> usize {
    let mut found = 0;
    change_open(name, |open| found = *open);
    found
}

context_var! {
    pub(crate) static WORKER: &str = "nobody";
}

/// Who closed the last span called `closing`.
static CLOSED_BY: Mutex<&str> = Mutex::new("nothing");

pub(crate) fn closed_by() -> &'static str {
    *CLOSED_BY.lock().unwrap_or_else(PoisonError::into_inner)
}

struct CountSpans;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for CountSpans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: layer::Context<'_, S>) {
        change_open(attributes.metadata().name(), |open| *open += 1);
    }

    fn on_close(&self, id: Id, context: layer::Context<'_, S>) {
        let span = context.span(&id).expect("it is being closed");
        change_open(span.name(), |open| *open -= 1);
        if span.name() == "closing" {
            *CLOSED_BY.lock().unwrap_or_else(PoisonError::into_inner) = WORKER.get();
        }
    }
}

/// Makes the three companions those of this process, once.
pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        tracing::subscriber::set_global_default(Registry::default().with(CountSpans)).unwrap();
        companion::install(((TracingSpan, OtelContext), OwnNumber)).unwrap();
    });
}

#[derive(Clone, Copy)]
struct Tenant(&'static str);

/// The state that is bound to the thread: the span, OpenTelemetry's value, the number.
pub(crate) type Seen = (Option<&'static str>, Option<&'static str>, u32);

pub(crate) const NOTHING: Seen = (None, None, 0);
pub(crate) const ACME: Seen = (Some("request"), Some("acme"), 7);

pub(crate) fn seen() -> Seen {
    let span = Span::current().metadata().map(|metadata| metadata.name());
    let tenant = Context::map_current(|context| context.get::<Tenant>().map(|tenant| tenant.0));
    (span, tenant, OWN.get())
}

/// Calls `f` where [`seen`] gives [`ACME`].
pub(crate) fn in_acme<R>(f: impl FnOnce() -> R) -> R {
    within(|| tracing::info_span!("request"), "acme", 7, f)
}

pub(crate) fn within<R>(
    span: impl FnOnce() -> Span,
    tenant: &'static str,
    number: u32,
    f: impl FnOnce() -> R,
) -> R {
    install();
    let _span = span().entered();
    let _attached = Context::current_with_value(Tenant(tenant)).attach();
    let _restore = Restore(OWN.replace(number));
    f()
}
