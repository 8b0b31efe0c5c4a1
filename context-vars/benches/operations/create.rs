//! Creating a future with a context, polling it once, which completes it, and dropping it.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{self, Poll, Waker};

use context_vars::prelude::*;
use fastrace::future::FutureExt as _;
use opentelemetry::Context as OtelContext;
use opentelemetry::context::FutureExt as _;
use tracing::Instrument;

use super::meter::Library::{ContextVars, Fastrace, OpenTelemetry, ThreadLocal, Tokio, Tracing};
use super::meter::{Case, Meter};
use super::opaque::{AtOnce, number};
use super::poll::Swapped;
use super::spans::{fastrace_span, tracing_span};
use super::variables::{L0, Otel, T0, V0};

pub(crate) const CASES: &[Case] = &[
    // The future gets a new context with one variable.
    Case {
        name: "scope",
        by: &[
            (ContextVars, scope),
            (ThreadLocal, thread_local),
            (Tokio, tokio),
            (OpenTelemetry, otel),
            (Tracing, tracing),
            (Fastrace, fastrace),
        ],
    },
    // The future gets a copy of the current context.
    Case {
        name: "inherit",
        by: &[
            (ContextVars, inherit),
            (OpenTelemetry, otel_inherit),
            (Tracing, tracing_inherit),
        ],
    },
];

/// Polls once and drops.
#[inline]
fn complete(future: impl Future<Output = ()>) {
    let mut cx = task::Context::from_waker(Waker::noop());
    let polled: Poll<()> = pin!(future).poll(&mut cx);
    black_box(polled.is_ready());
}

fn scope(meter: &mut Meter) {
    meter.measure(|| complete(V0.scope(number(), AtOnce)));
}

fn inherit(meter: &mut Meter) {
    V0.sync_scope(number(), || {
        meter.measure(|| complete(AtOnce.inherit_context()));
    });
}

fn thread_local(meter: &mut Meter) {
    meter.measure(|| complete(Swapped::new(&L0, number(), AtOnce)));
}

fn tokio(meter: &mut Meter) {
    meter.measure(|| complete(T0.scope(number(), AtOnce)));
}

fn otel(meter: &mut Meter) {
    meter.measure(|| {
        let context = OtelContext::current_with_value(Otel::<0>(number()));
        complete(AtOnce.with_context(context));
    });
}

fn otel_inherit(meter: &mut Meter) {
    let _guard = OtelContext::current_with_value(Otel::<0>(number())).attach();
    meter.measure(|| complete(AtOnce.with_current_context()));
}

fn tracing(meter: &mut Meter) {
    meter.measure(|| complete(AtOnce.instrument(tracing_span())));
}

fn tracing_inherit(meter: &mut Meter) {
    let span = tracing_span();
    let _entered = span.enter();
    meter.measure(|| complete(AtOnce.in_current_span()));
}

fn fastrace(meter: &mut Meter) {
    let _root = fastrace_span().set_local_parent();
    meter.measure(|| {
        let span = fastrace::Span::enter_with_local_parent("request");
        complete(AtOnce.in_span(span));
    });
}
