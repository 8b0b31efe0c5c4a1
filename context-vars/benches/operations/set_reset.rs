//! Setting a variable and taking it back after an opaque call, in a context that was not copied.
//!
//! OpenTelemetry sets by attaching a context and takes back by dropping the guard. `task_local!`
//! cannot be set.

use std::hint::black_box;

use opentelemetry::Context;

use super::meter::Library::{ContextVars, OpenTelemetry, ThreadLocal};
use super::meter::{Case, Meter};
use super::opaque::{number, opaque};
use super::variables::{L0, Otel, V0};

pub(crate) const CASES: &[Case] = &[Case {
    name: "1 variable",
    by: &[
        (ContextVars, context_vars),
        (ThreadLocal, thread_local),
        (OpenTelemetry, otel),
    ],
}];

fn context_vars(meter: &mut Meter) {
    V0.sync_scope(number(), || {
        meter.measure(|| {
            let token = V0.set(number());
            opaque();
            black_box(token.reset().is_ok());
        });
    });
}

fn thread_local(meter: &mut Meter) {
    meter.measure(|| {
        let old = L0.replace(number());
        opaque();
        L0.set(old);
    });
}

fn otel(meter: &mut Meter) {
    let _outer = Context::current_with_value(Otel::<0>(number())).attach();
    meter.measure(|| {
        let guard = Context::current_with_value(Otel::<0>(number())).attach();
        opaque();
        drop(guard);
    });
}
