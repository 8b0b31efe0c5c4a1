//! A future with a deadline that is ready at its first poll, and dropped then.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{self, Waker};
use std::time::Duration;

use context_vars::deadline;

use super::meter::Library::{ContextVars, Tokio};
use super::meter::{Case, Meter};
use super::opaque::AtOnce;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "ready at once",
        by: &[(ContextVars, timeout), (Tokio, tokio)],
    },
    // Runs in a request that already has a deadline.
    Case {
        name: "ready at once, nested",
        by: &[(ContextVars, nested)],
    },
];

const MINUTE: Duration = Duration::from_secs(60);

/// Polls once and drops.
#[inline]
fn complete(future: impl Future) {
    let mut cx = task::Context::from_waker(Waker::noop());
    black_box(pin!(future).poll(&mut cx).is_ready());
}

fn timeout(meter: &mut Meter) {
    meter.measure(|| complete(deadline::timeout(MINUTE, AtOnce)));
}

fn nested(meter: &mut Meter) {
    complete(deadline::timeout(MINUTE, async { timeout(meter) }));
}

fn tokio(meter: &mut Meter) {
    // tokio's timeout creates its timer at once, for which there must be a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let _entered = runtime.enter();
    meter.measure(|| complete(tokio::time::timeout(MINUTE, AtOnce)));
}
