//! How an operation is run many times.

use std::time::{Duration, Instant};

/// An operation, and how to do it with each of several libraries.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) by: &'static [(Library, Run)],
}

/// Prepares an operation and hands it to [`Meter::measure`] once.
pub(crate) type Run = fn(&mut Meter);

/// Whose means an operation uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Library {
    ContextVars,
    ThreadLocal,
    Tokio,
    OpenTelemetry,
    Tracing,
    Fastrace,
}

impl Library {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ContextVars => "context-vars",
            Self::ThreadLocal => "thread_local",
            Self::Tokio => "tokio",
            Self::OpenTelemetry => "opentelemetry",
            Self::Tracing => "tracing",
            Self::Fastrace => "fastrace",
        }
    }
}

/// Counts an operation's iterations and takes their time, preparations left out.
pub(crate) struct Meter {
    iterations: u64,
    elapsed: Option<Duration>,
}

impl Meter {
    /// How long `iterations` of the operation take.
    pub(crate) fn time(run: Run, iterations: u64) -> Duration {
        let mut meter = Self {
            iterations,
            elapsed: None,
        };
        run(&mut meter);
        meter.elapsed.expect("an operation measures something")
    }

    /// Does the operation as often as is wanted.
    ///
    /// Never inlined into the preparations: what the compiler knows from those, say which value
    /// was set, it would not know in a program either.
    #[inline(never)]
    pub(crate) fn measure(&mut self, mut operation: impl FnMut()) {
        let start = Instant::now();
        for _ in 0..self.iterations {
            operation();
        }
        self.elapsed = Some(start.elapsed());
    }

    /// As [`measure`](Self::measure), for an operation that awaits.
    pub(crate) async fn measure_async(&mut self, mut operation: impl AsyncFnMut()) {
        let start = Instant::now();
        for _ in 0..self.iterations {
            operation().await;
        }
        self.elapsed = Some(start.elapsed());
    }
}
