//! Reads, while another thread reads the same value all the time.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use opentelemetry::Context as OtelContext;

use super::meter::Library::{ContextVars, OpenTelemetry, ThreadLocal, Tokio};
use super::meter::{Case, Meter};
use super::opaque::number;
use super::variables::{L0, Otel, T0, V0, read_otel};

pub(crate) const CASES: &[Case] = &[
    // Both threads read the value that one of them has set.
    Case {
        name: "set",
        by: &[
            (ContextVars, context_vars),
            (ThreadLocal, thread_local),
            (Tokio, tokio),
            (OpenTelemetry, otel),
        ],
    },
];

/// Measures `read` here while another thread calls it inside `carried`.
fn measure(
    meter: &mut Meter,
    read: impl Fn() -> u64 + Sync,
    carried: impl FnOnce(&dyn Fn()) + Send,
) {
    let barrier = Barrier::new(2);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            carried(&|| {
                barrier.wait();
                while !over.load(Ordering::Relaxed) {
                    black_box(read());
                }
            });
        });
        barrier.wait();
        meter.measure(|| {
            black_box(read());
        });
        over.store(true, Ordering::Relaxed);
    });
}

fn context_vars(meter: &mut Meter) {
    V0.sync_scope(number(), || {
        let mut copy = context_vars::Context::current();
        measure(meter, || V0.get(), move |call| copy.run(call));
    });
}

fn thread_local(meter: &mut Meter) {
    L0.set(number());
    measure(
        meter,
        || L0.get(),
        |call| {
            L0.set(number());
            call();
        },
    );
}

fn tokio(meter: &mut Meter) {
    T0.sync_scope(number(), || {
        measure(meter, || T0.get(), |call| T0.sync_scope(number(), call));
    });
}

fn otel(meter: &mut Meter) {
    let context = OtelContext::new().with_value(Otel::<0>(number()));
    let _guard = context.clone().attach();
    measure(meter, read_otel, |call| {
        let _guard = context.attach();
        call();
    });
}
