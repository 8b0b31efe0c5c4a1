//! Attaching a context by one call and ending it by another.

use std::hint::black_box;

use context_vars::Context;

use super::meter::Library::{ContextVars, OpenTelemetry};
use super::meter::{Case, Meter};
use super::opaque::number;
use super::variables::{Otel, V0};

pub(crate) const CASES: &[Case] = &[
    // Attaches a copy, which the guard drops.
    Case {
        name: "drop",
        by: &[(ContextVars, attach_and_drop), (OpenTelemetry, otel)],
    },
    // Detaches, which returns the context.
    Case {
        name: "detach",
        by: &[(ContextVars, attach_and_detach)],
    },
];

fn attach_and_drop(meter: &mut Meter) {
    let context = Context::new().with_value(&V0, number());
    meter.measure(|| drop(black_box(context.clone().attach())));
}

fn attach_and_detach(meter: &mut Meter) {
    let mut context = Context::new().with_value(&V0, number());
    meter.measure(|| {
        let attached = std::mem::take(&mut context).attach();
        context = black_box(attached).detach();
    });
}

fn otel(meter: &mut Meter) {
    let context = opentelemetry::Context::new().with_value(Otel::<0>(number()));
    meter.measure(|| drop(black_box(context.clone().attach())));
}
