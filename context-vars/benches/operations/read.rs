//! Reads: of a set variable, of one that has only a default, of an `Arc`, by reference, and of the
//! last of 16 and 1,024 variables.
//!
//! `task_local!` and `thread_local!` have no default in addition to a value, so our read of a default
//! is compared with their read of a set variable. A bare thread-local's initial value is its default.

use std::hint::black_box;

use opentelemetry::Context;

use super::many::{first, set_first};
use super::meter::Library::{ContextVars, OpenTelemetry, ThreadLocal, Tokio};
use super::meter::{Case, Meter};
use super::opaque::number;
use super::variables::{DEFAULTED, L0, LOCAL_TEXT, Otel, OtelText, T0, TEXT, TOKIO_TEXT, V0, text};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "set",
        by: &[
            (ContextVars, set),
            (ThreadLocal, thread_local),
            (Tokio, tokio),
            (OpenTelemetry, otel),
        ],
    },
    Case {
        name: "default",
        by: &[
            (ContextVars, default),
            (ThreadLocal, thread_local),
            (Tokio, tokio),
            (OpenTelemetry, otel_default),
        ],
    },
    Case {
        name: "arc",
        by: &[
            (ContextVars, arc),
            (ThreadLocal, thread_local_arc),
            (Tokio, tokio_arc),
            (OpenTelemetry, otel_arc),
        ],
    },
    Case {
        name: "with",
        by: &[
            (ContextVars, with),
            (ThreadLocal, thread_local_with),
            (Tokio, tokio_with),
            (OpenTelemetry, otel_with),
        ],
    },
    Case {
        name: "last of 16",
        by: &[(ContextVars, many::<16>)],
    },
    Case {
        name: "last of 1024",
        by: &[(ContextVars, many::<1024>)],
    },
];

fn set(meter: &mut Meter) {
    V0.sync_scope(number(), || {
        meter.measure(|| {
            black_box(V0.get());
        });
    });
}

fn thread_local(meter: &mut Meter) {
    L0.set(number());
    meter.measure(|| {
        black_box(L0.get());
    });
}

fn tokio(meter: &mut Meter) {
    T0.sync_scope(number(), || {
        meter.measure(|| {
            black_box(T0.get());
        });
    });
}

fn otel(meter: &mut Meter) {
    let _guard = Context::current_with_value(Otel::<0>(number())).attach();
    meter.measure(|| {
        black_box(Context::map_current(|context| {
            context.get::<Otel<0>>().map(|number| number.0)
        }));
    });
}

fn default(meter: &mut Meter) {
    meter.measure(|| {
        black_box(DEFAULTED.get());
    });
}

fn otel_default(meter: &mut Meter) {
    // Another variable is set, because an empty context is not searched at all.
    let _guard = Context::current_with_value(Otel::<1>(number())).attach();
    meter.measure(|| {
        black_box(Context::map_current(|context| {
            context.get::<Otel<0>>().map_or(7, |number| number.0)
        }));
    });
}

fn arc(meter: &mut Meter) {
    TEXT.sync_scope(text(), || {
        meter.measure(|| {
            black_box(TEXT.get());
        });
    });
}

fn thread_local_arc(meter: &mut Meter) {
    LOCAL_TEXT.set(Some(text()));
    meter.measure(|| {
        black_box(LOCAL_TEXT.with_borrow(|text| text.clone()));
    });
}

fn tokio_arc(meter: &mut Meter) {
    TOKIO_TEXT.sync_scope(text(), || {
        meter.measure(|| {
            black_box(TOKIO_TEXT.get());
        });
    });
}

fn otel_arc(meter: &mut Meter) {
    let _guard = Context::current_with_value(OtelText(text())).attach();
    meter.measure(|| {
        black_box(Context::map_current(|context| {
            context.get::<OtelText>().map(|text| text.0.clone())
        }));
    });
}

fn with(meter: &mut Meter) {
    TEXT.sync_scope(text(), || {
        meter.measure(|| {
            black_box(TEXT.with(|text| text.len()));
        });
    });
}

fn thread_local_with(meter: &mut Meter) {
    LOCAL_TEXT.set(Some(text()));
    meter.measure(|| {
        black_box(LOCAL_TEXT.with_borrow(|text| text.as_ref().map(|text| text.len())));
    });
}

fn tokio_with(meter: &mut Meter) {
    TOKIO_TEXT.sync_scope(text(), || {
        meter.measure(|| {
            black_box(TOKIO_TEXT.with(|text| text.len()));
        });
    });
}

fn otel_with(meter: &mut Meter) {
    let _guard = Context::current_with_value(OtelText(text())).attach();
    meter.measure(|| {
        black_box(Context::map_current(|context| {
            context.get::<OtelText>().map(|text| text.0.len())
        }));
    });
}

/// Reads the last of many variables, which is stored deepest.
fn many<const N: usize>(meter: &mut Meter) {
    let last = first(N)[N - 1];
    context_vars::Context::new().run(|| {
        set_first(N);
        meter.measure(|| {
            black_box(black_box(last).get());
        });
    });
}
