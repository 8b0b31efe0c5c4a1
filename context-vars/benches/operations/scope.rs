//! A scope around a call that reads one variable: of 1, 4 and 8 variables, with others set around it,
//! of a kibibyte, and of the 17th variable.
//!
//! The body is one opaque read of the outermost variable. With `context-vars`, one variable is
//! set by `sync_scope` and several by `#[with_context]` on the function; with `task_local!` by
//! nested scopes; with a `thread_local!` by nested guards that put the old value back. With
//! OpenTelemetry a context is made, attached, and detached by dropping the guard; spans, which
//! carry their fields instead, are entered and left.

use std::cell::Cell;
use std::hint::black_box;

use context_vars::{ContextVar, with_context};
use opentelemetry::Context;

use super::many::{first, set_first};
use super::meter::Library::{ContextVars, Fastrace, OpenTelemetry, ThreadLocal, Tokio, Tracing};
use super::meter::{Case, Meter};
use super::opaque::{number, opaque};
use super::spans::{fastrace_span, tracing_span};
use super::variables::*;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "1 variable",
        by: &[
            (ContextVars, one),
            (ThreadLocal, thread_local_one),
            (Tokio, tokio_one),
            (OpenTelemetry, otel_one),
            (Tracing, tracing),
            (Fastrace, fastrace),
        ],
    },
    Case {
        name: "1 variable, 7 others set",
        by: &[
            (ContextVars, one_of_eight),
            (OpenTelemetry, otel_one_of_eight),
        ],
    },
    Case {
        name: "1 variable, a `no_inherit` one set",
        by: &[(ContextVars, one_with_a_local)],
    },
    Case {
        name: "4 variables",
        by: &[
            (ContextVars, four),
            (ThreadLocal, thread_local_four),
            (Tokio, tokio_four),
            (OpenTelemetry, otel_four),
        ],
    },
    Case {
        name: "8 variables",
        by: &[
            (ContextVars, eight),
            (ThreadLocal, thread_local_eight),
            (Tokio, tokio_eight),
            (OpenTelemetry, otel_eight),
        ],
    },
    Case {
        name: "1 KiB",
        by: &[
            (ContextVars, kibibyte),
            (ThreadLocal, thread_local_kibibyte),
            (Tokio, tokio_kibibyte),
            (OpenTelemetry, otel_kibibyte),
        ],
    },
    // Run last, because it sets more variables than have an inline slot.
    Case {
        name: "the 17th variable",
        by: &[(ContextVars, seventeenth)],
    },
];

fn one(meter: &mut Meter) {
    meter.measure(|| {
        black_box(V0.sync_scope(number(), read_v0));
    });
}

fn one_of_eight(meter: &mut Meter) {
    context_vars::Context::new().run(|| {
        for var in OTHERS {
            var.set(number());
        }
        one(meter);
    });
}

fn one_with_a_local(meter: &mut Meter) {
    context_vars::Context::new().run(|| {
        drop(LOCAL.set(number()));
        one(meter);
    });
}

fn seventeenth(meter: &mut Meter) {
    // Assigns ids to the first sixteen variables; the scope sets none of them.
    context_vars::Context::new().run(|| set_first(16));
    let var = first(17)[16];
    meter.measure(|| {
        black_box(var.sync_scope(number(), || read(var)));
    });
}

#[inline(never)]
fn read(var: &'static ContextVar<u64>) -> u64 {
    var.get()
}

#[with_context(v0 = n, v1 = n, v2 = n, v3 = n)]
fn of_four(n: u64) -> u64 {
    read_v0()
}

fn four(meter: &mut Meter) {
    meter.measure(|| {
        black_box(of_four(number()));
    });
}

#[with_context(v0 = n, v1 = n, v2 = n, v3 = n, v4 = n, v5 = n, v6 = n, v7 = n)]
fn of_eight(n: u64) -> u64 {
    read_v0()
}

fn eight(meter: &mut Meter) {
    meter.measure(|| {
        black_box(of_eight(number()));
    });
}

fn kibibyte(meter: &mut Meter) {
    meter.measure(|| {
        black_box(KIB.sync_scope(black_box([7; 1024]), read_kib));
    });
}

#[inline(never)]
fn read_kib() -> u8 {
    KIB.with(|kib| kib[512])
}

fn thread_local_one(meter: &mut Meter) {
    meter.measure(|| {
        black_box(replaced(&L0, number(), read_l0));
    });
}

fn thread_local_four(meter: &mut Meter) {
    meter.measure(|| {
        black_box(nested_locals!(number(), [L0 L1 L2 L3], read_l0()));
    });
}

fn thread_local_eight(meter: &mut Meter) {
    meter.measure(|| {
        black_box(nested_locals!(number(), [L0 L1 L2 L3 L4 L5 L6 L7], read_l0()));
    });
}

fn thread_local_kibibyte(meter: &mut Meter) {
    #[inline(never)]
    fn read() -> u8 {
        LOCAL_KIB.with(|kib| {
            let kib: &Cell<[u8]> = kib;
            kib.as_slice_of_cells()[512].get()
        })
    }
    meter.measure(|| {
        black_box(replaced(&LOCAL_KIB, black_box([7; 1024]), read));
    });
}

fn tokio_one(meter: &mut Meter) {
    meter.measure(|| {
        black_box(T0.sync_scope(number(), read_t0));
    });
}

fn tokio_four(meter: &mut Meter) {
    meter.measure(|| {
        black_box(nested!(number(), [T0 T1 T2 T3], read_t0()));
    });
}

fn tokio_eight(meter: &mut Meter) {
    meter.measure(|| {
        black_box(nested!(number(), [T0 T1 T2 T3 T4 T5 T6 T7], read_t0()));
    });
}

fn tokio_kibibyte(meter: &mut Meter) {
    #[inline(never)]
    fn read() -> u8 {
        TOKIO_KIB.with(|kib| kib[512])
    }
    meter.measure(|| {
        black_box(TOKIO_KIB.sync_scope(black_box([7; 1024]), read));
    });
}

fn otel_one(meter: &mut Meter) {
    meter.measure(|| {
        let _guard = Context::current_with_value(Otel::<0>(number())).attach();
        black_box(read_otel());
    });
}

fn otel_one_of_eight(meter: &mut Meter) {
    let _others = otel_others().attach();
    otel_one(meter);
}

fn otel_four(meter: &mut Meter) {
    meter.measure(|| {
        let n = number();
        let context = Context::current_with_value(Otel::<0>(n))
            .with_value(Otel::<1>(n))
            .with_value(Otel::<2>(n))
            .with_value(Otel::<3>(n));
        let _guard = context.attach();
        black_box(read_otel());
    });
}

fn otel_eight(meter: &mut Meter) {
    meter.measure(|| {
        let n = number();
        let context = Context::current_with_value(Otel::<0>(n))
            .with_value(Otel::<1>(n))
            .with_value(Otel::<2>(n))
            .with_value(Otel::<3>(n))
            .with_value(Otel::<4>(n))
            .with_value(Otel::<5>(n))
            .with_value(Otel::<6>(n))
            .with_value(Otel::<7>(n));
        let _guard = context.attach();
        black_box(read_otel());
    });
}

fn otel_kibibyte(meter: &mut Meter) {
    #[inline(never)]
    fn read() -> u8 {
        Context::map_current(|context| context.get::<OtelKib>().map_or(0, |kib| kib.0[512]))
    }
    meter.measure(|| {
        let _guard = Context::current_with_value(OtelKib(black_box([7; 1024]))).attach();
        black_box(read());
    });
}

fn tracing(meter: &mut Meter) {
    let span = tracing_span();
    meter.measure(|| span.in_scope(opaque));
}

fn fastrace(meter: &mut Meter) {
    let span = fastrace_span();
    meter.measure(|| {
        let _guard = span.set_local_parent();
        opaque();
    });
}
