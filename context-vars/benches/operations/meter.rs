//! Runs an operation many times.

use std::time::{Duration, Instant};

/// An operation, with an implementation for each of several libraries.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) by: &'static [(Library, Run)],
}

/// Prepares an operation and hands it to [`Meter::measure`] once.
pub(crate) type Run = fn(&mut Meter);

/// The library that an operation uses.
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

/// Counts an operation's iterations and takes their time, without that of preparations.
pub(crate) struct Meter {
    iterations: u64,
    elapsed: Option<Duration>,
}

impl Meter {
    /// Returns the duration of `iterations` of the operation.
    pub(crate) fn time(run: Run, iterations: u64) -> Duration {
        let mut meter = Self {
            iterations,
            elapsed: None,
        };
        run(&mut meter);
        meter.elapsed.expect("an operation measures something")
    }

    /// Runs the operation the given number of times.
    ///
    /// It is not inlined into the preparations, because the compiler would then know the value that
    /// was set, for example, which it does not know in a program.
    #[inline(never)]
    pub(crate) fn measure(&mut self, mut operation: impl FnMut()) {
        let start = Instant::now();
        for _ in 0..self.iterations {
            operation();
        }
        self.elapsed = Some(start.elapsed());
    }

    /// Like [`measure`](Self::measure), but for an operation that awaits.
    pub(crate) async fn measure_async(&mut self, mut operation: impl AsyncFnMut()) {
        let start = Instant::now();
        for _ in 0..self.iterations {
            operation().await;
        }
        self.elapsed = Some(start.elapsed());
    }
}
