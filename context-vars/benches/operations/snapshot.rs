//! Taking a copy of the current context, and dropping it, with 1 to 1,024 variables set.
//!
//! A `thread_local!` with a snapshot is an `Arc` in a `RefCell`. `task_local!` has none. The cost of a
//! span does not depend on the number of variables.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;

use context_vars::Context;
use opentelemetry::Context as Otel;

use super::many::{Otel64, Otel1024, Pairs, set_first};
use super::meter::Library::{ContextVars, Fastrace, OpenTelemetry, ThreadLocal, Tracing};
use super::meter::{Case, Meter};
use super::spans::{fastrace_span, tracing_span};
use super::variables::{self, OTHERS, V0, otel_others};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "1 variable",
        by: &[
            (ContextVars, few::<0>),
            (ThreadLocal, thread_local),
            (OpenTelemetry, otel_one),
            (Tracing, tracing),
            (Fastrace, fastrace),
        ],
    },
    Case {
        name: "8 variables",
        by: &[(ContextVars, few::<7>), (OpenTelemetry, otel_eight)],
    },
    Case {
        name: "64 variables",
        by: &[
            (ContextVars, many::<64>),
            (OpenTelemetry, otel_many::<Otel64>),
        ],
    },
    Case {
        name: "1024 variables",
        by: &[
            (ContextVars, many::<1024>),
            (OpenTelemetry, otel_many::<Otel1024>),
        ],
    },
];

fn measure(meter: &mut Meter) {
    meter.measure(|| {
        drop(black_box(Context::current()));
    });
}

/// With one variable and `OTHERS` more.
fn few<const MORE: usize>(meter: &mut Meter) {
    V0.sync_scope(1, || {
        for var in &OTHERS[..MORE] {
            var.set(1);
        }
        measure(meter);
    });
}

fn many<const N: usize>(meter: &mut Meter) {
    Context::new().run(|| {
        set_first(N);
        measure(meter);
    });
}

fn thread_local(meter: &mut Meter) {
    thread_local! {
        static SHARED: RefCell<Arc<[u64; 8]>> = RefCell::default();
    }
    meter.measure(|| {
        black_box(SHARED.with_borrow(Arc::clone));
    });
}

fn measure_otel(meter: &mut Meter, context: Otel) {
    let _guard = context.attach();
    meter.measure(|| {
        black_box(Otel::current());
    });
}

fn otel_one(meter: &mut Meter) {
    measure_otel(meter, Otel::new().with_value(variables::Otel::<0>(1)));
}

fn otel_eight(meter: &mut Meter) {
    measure_otel(meter, otel_others().with_value(variables::Otel::<0>(1)));
}

fn otel_many<P: Pairs>(meter: &mut Meter) {
    measure_otel(meter, P::set::<()>(Otel::new()));
}

fn tracing(meter: &mut Meter) {
    let span = tracing_span();
    let _entered = span.enter();
    meter.measure(|| {
        black_box(tracing::Span::current());
    });
}

fn fastrace(meter: &mut Meter) {
    let span = fastrace_span();
    let _guard = span.set_local_parent();
    meter.measure(|| {
        black_box(fastrace::collector::SpanContext::current_local_parent());
    });
}
