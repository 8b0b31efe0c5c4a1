//! A poll of a pending future that carries 1 or 8 variables, or one kibibyte.
//!
//! The future inside is never ready; its poll is one opaque call. The first poll, which may form
//! the context, is not measured.

use std::cell::Cell;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{self, Poll, Waker};
use std::thread::LocalKey;

use context_vars::prelude::*;
use fastrace::future::FutureExt as _;
use opentelemetry::Context as OtelContext;
use opentelemetry::context::FutureExt as _;
use pin_project_lite::pin_project;
use tracing::Instrument;

use super::meter::Library::{ContextVars, Fastrace, OpenTelemetry, ThreadLocal, Tokio, Tracing};
use super::meter::{Case, Meter};
use super::opaque::{Never, number};
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
    Case {
        name: "in_context",
        by: &[(ContextVars, in_context), (OpenTelemetry, otel_one)],
    },
    Case {
        name: "run_async",
        by: &[(ContextVars, run_async)],
    },
];

/// Polls a future that is never ready.
fn measure(meter: &mut Meter, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut cx = task::Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    meter.measure(|| {
        let _ = black_box(black_box(future.as_mut()).poll(&mut cx));
    });
}

fn one(meter: &mut Meter) {
    measure(meter, V0.scope(number(), Never));
}

#[with_context(v0 = n, v1 = n, v2 = n, v3 = n, v4 = n, v5 = n, v6 = n, v7 = n)]
async fn of_eight(n: u64) {
    Never.await;
}

fn eight(meter: &mut Meter) {
    measure(meter, of_eight(number()));
}

fn kibibyte(meter: &mut Meter) {
    measure(meter, KIB.scope([7; 1024], Never));
}

fn in_context(meter: &mut Meter) {
    let context = context_vars::Context::new().with_value(&V0, number());
    measure(meter, Never.in_context(context));
}

fn run_async(meter: &mut Meter) {
    let mut context = context_vars::Context::new().with_value(&V0, number());
    measure(meter, context.run_async(Never));
}

pin_project! {
    /// The version by hand: puts a value into a thread-local around each poll.
    pub(crate) struct Swapped<T: 'static, F> {
        local: &'static LocalKey<Cell<T>>,
        value: T,
        #[pin]
        inner: F,
    }
}

impl<T, F> Swapped<T, F> {
    pub(crate) fn new(local: &'static LocalKey<Cell<T>>, value: T, inner: F) -> Self {
        Self {
            local,
            value,
            inner,
        }
    }
}

impl<T: Copy, F: Future> Future for Swapped<T, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let (value, inner) = (*this.value, this.inner);
        replaced(*this.local, value, || inner.poll(cx))
    }
}

fn thread_local_one(meter: &mut Meter) {
    measure(meter, Swapped::new(&L0, number(), Never));
}

fn thread_local_eight(meter: &mut Meter) {
    let n = number();
    let two = Swapped::new(&L1, n, Swapped::new(&L0, n, Never));
    let four = Swapped::new(&L3, n, Swapped::new(&L2, n, two));
    let six = Swapped::new(&L5, n, Swapped::new(&L4, n, four));
    measure(meter, Swapped::new(&L7, n, Swapped::new(&L6, n, six)));
}

fn thread_local_kibibyte(meter: &mut Meter) {
    measure(meter, Swapped::new(&LOCAL_KIB, [7; 1024], Never));
}

fn tokio_one(meter: &mut Meter) {
    measure(meter, T0.scope(number(), Never));
}

fn tokio_eight(meter: &mut Meter) {
    measure(
        meter,
        nested_futures!(number(), [T0 T1 T2 T3 T4 T5 T6 T7], Never),
    );
}

fn tokio_kibibyte(meter: &mut Meter) {
    measure(meter, TOKIO_KIB.scope([7; 1024], Never));
}

fn otel_one(meter: &mut Meter) {
    let context = OtelContext::new().with_value(Otel::<0>(number()));
    measure(meter, Never.with_context(context));
}

fn otel_eight(meter: &mut Meter) {
    let context = otel_others().with_value(Otel::<0>(number()));
    measure(meter, Never.with_context(context));
}

fn otel_kibibyte(meter: &mut Meter) {
    let context = OtelContext::new().with_value(OtelKib([7; 1024]));
    measure(meter, Never.with_context(context));
}

fn tracing(meter: &mut Meter) {
    measure(meter, Never.instrument(tracing_span()));
}

fn fastrace(meter: &mut Meter) {
    measure(meter, Never.in_span(fastrace_span()));
}
