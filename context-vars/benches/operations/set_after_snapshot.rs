//! Copying the current context, setting one variable of 16 to 1,024, dropping the copy.
//!
//! Each iteration sets another variable, so that every slot and the tree are used.

use std::hint::black_box;

use context_vars::Context;
use opentelemetry::Context as Otel;

use super::many::{Otel16, Otel64, Otel256, Otel1024, OtelOf, Pairs, first, set_first};
use super::meter::Library::{ContextVars, OpenTelemetry};
use super::meter::{Case, Meter};
use super::opaque::number;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "16 variables",
        by: &[
            (ContextVars, context_vars::<16>),
            (OpenTelemetry, otel::<Otel16>),
        ],
    },
    Case {
        name: "64 variables",
        by: &[
            (ContextVars, context_vars::<64>),
            (OpenTelemetry, otel::<Otel64>),
        ],
    },
    Case {
        name: "256 variables",
        by: &[
            (ContextVars, context_vars::<256>),
            (OpenTelemetry, otel::<Otel256>),
        ],
    },
    Case {
        name: "1024 variables",
        by: &[
            (ContextVars, context_vars::<1024>),
            (OpenTelemetry, otel::<Otel1024>),
        ],
    },
];

fn context_vars<const N: usize>(meter: &mut Meter) {
    let vars = first(N);
    Context::new().run(|| {
        set_first(N);
        let mut turns = vars.iter().cycle();
        meter.measure(|| {
            let copy = black_box(Context::current());
            let token = turns.next().map(|var| var.set(number()));
            drop((token, copy));
        });
    });
}

fn otel<P: Pairs>(meter: &mut Meter) {
    let _outer = P::set::<()>(Otel::new()).attach();
    meter.measure(|| {
        let copy = black_box(Otel::current());
        let guard = Otel::current_with_value(OtelOf::<()>::new(number())).attach();
        drop((guard, copy));
    });
}
