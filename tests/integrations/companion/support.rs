//! The companion of this process, and what of the thread's state a piece of work sees.

use std::cell::Cell;
use std::sync::{Mutex, Once};

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

context_var! {
    pub(crate) static WORKER: &str = "nobody";
}

/// The number of open spans called `closing`, and for whom the last one was closed.
static CLOSING: Mutex<(usize, &str)> = Mutex::new((0, "nothing"));

pub(crate) fn closing() -> (usize, &'static str) {
    *CLOSING.lock().unwrap()
}

struct WatchClosing;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for WatchClosing {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: layer::Context<'_, S>) {
        if attributes.metadata().name() == "closing" {
            CLOSING.lock().unwrap().0 += 1;
        }
    }

    fn on_close(&self, id: Id, context: layer::Context<'_, S>) {
        if context.span(&id).expect("it is being closed").name() == "closing" {
            let mut closing = CLOSING.lock().unwrap();
            *closing = (closing.0 - 1, WORKER.get());
        }
    }
}

/// Makes the three companions those of this process, once.
pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        tracing::subscriber::set_global_default(Registry::default().with(WatchClosing)).unwrap();
        companion::install(((TracingSpan, OtelContext), OwnNumber)).unwrap();
    });
}

#[derive(Clone, Copy)]
struct Tenant(&'static str);

/// The state that is bound to the thread: the span, OpenTelemetry's value, the number.
pub(crate) type Seen = (Option<&'static str>, Option<&'static str>, u32);

pub(crate) const NOTHING: Seen = (None, None, 0);
pub(crate) const ACME: Seen = (Some("request"), Some("acme"), 7);
pub(crate) const OTHER: Seen = (Some("other"), Some("other"), 8);

pub(crate) fn seen() -> Seen {
    let span = Span::current().metadata().map(|metadata| metadata.name());
    let tenant = Context::map_current(|context| context.get::<Tenant>().map(|tenant| tenant.0));
    (span, tenant, OWN.get())
}

/// Calls `f` where [`seen`] gives [`ACME`].
pub(crate) fn in_acme<R>(f: impl FnOnce() -> R) -> R {
    within(|| tracing::info_span!("request"), "acme", 7, f)
}

/// Calls `f` where [`seen`] gives [`OTHER`].
pub(crate) fn in_other<R>(f: impl FnOnce() -> R) -> R {
    within(|| tracing::info_span!("other"), "other", 8, f)
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
