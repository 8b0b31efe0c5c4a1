//! Spawning a task on tokio and awaiting it: bare, and so that it inherits.
//!
//! The runtime has one thread, because with several the cost of a spawn depends mostly on whether a
//! worker sleeps.

use std::future::Future;

use context_vars::prelude::*;
use opentelemetry::Context as OtelContext;
use opentelemetry::context::FutureExt as _;
use tokio::runtime::Builder;
use tracing::Instrument;

use super::meter::Library::{ContextVars, OpenTelemetry, Tokio, Tracing};
use super::meter::{Case, Meter};
use super::opaque::{AtOnce, number};
use super::spans::tracing_span;
use super::variables::{Otel, T0, V0};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "bare",
        by: &[(Tokio, bare)],
    },
    Case {
        name: "inheriting",
        by: &[
            (ContextVars, context_vars),
            (Tokio, tokio),
            (OpenTelemetry, otel),
            (Tracing, tracing),
        ],
    },
];

fn measure<F>(meter: &mut Meter, work: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing");
    runtime.block_on(meter.measure_async(async || {
        tokio::spawn(work()).await.expect("the task does not panic");
    }));
}

fn bare(meter: &mut Meter) {
    measure(meter, || AtOnce);
}

fn context_vars(meter: &mut Meter) {
    V0.sync_scope(number(), || measure(meter, || AtOnce.inherit_context()));
}

/// Carries the variable on by hand, because a task-local does not inherit.
fn tokio(meter: &mut Meter) {
    T0.sync_scope(number(), || {
        measure(meter, || T0.scope(T0.get(), AtOnce));
    });
}

fn otel(meter: &mut Meter) {
    let _guard = OtelContext::current_with_value(Otel::<0>(number())).attach();
    measure(meter, || AtOnce.with_current_context());
}

fn tracing(meter: &mut Meter) {
    let span = tracing_span();
    let _entered = span.enter();
    measure(meter, || AtOnce.in_current_span());
}
