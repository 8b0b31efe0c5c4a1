//! Times the cases of a bench with criterion.

use std::time::Duration;

use criterion::Criterion;

use super::meter::{Case, Meter};

/// Times every case with every library that supports it. Each bench's `main` calls this.
pub(crate) fn time(bench: &str, cases: &[Case]) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    for case in cases {
        let mut group = criterion.benchmark_group(format!("{bench}/{}", case.name));
        for &(library, run) in case.by {
            group.bench_function(library.name(), |bencher| {
                bencher.iter_custom(|iterations| Meter::time(run, iterations));
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
