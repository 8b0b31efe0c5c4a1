//! Times the operations of all rows in turn.

use std::collections::HashMap;
use std::time::Duration;

use crate::operations::meter::{Meter, Run};
use crate::rows::{Measured, ROWS};

/// Nanoseconds for each operation once, in its fastest window.
pub(crate) type Times = HashMap<Measured, f64>;

/// About the time that a thread runs without an interruption, also on a busy machine.
const WINDOW: Duration = Duration::from_micros(50);

struct Timed {
    what: Measured,
    run: Run,
    /// The number of runs in one window.
    iterations: u64,
    fastest: f64,
}

pub(crate) fn fastest(rounds: usize) -> Times {
    let mut all: Vec<Timed> = Vec::new();
    for pair in ROWS.iter().flat_map(|row| row.pairs) {
        for what in [pair.0, pair.1] {
            if all.iter().all(|timed| timed.what != what) {
                all.push(Timed::new(what));
            }
        }
    }
    for _ in 0..rounds {
        for timed in &mut all {
            timed.time();
        }
    }
    all.iter()
        .map(|timed| (timed.what, timed.fastest))
        .collect()
}

impl Timed {
    fn new(what: Measured) -> Self {
        let run = what.run();
        let mut iterations = 16;
        while Meter::time(run, iterations) < WINDOW {
            iterations *= 2;
        }
        Self {
            what,
            run,
            iterations,
            fastest: f64::INFINITY,
        }
    }

    fn time(&mut self) {
        let time = Meter::time(self.run, self.iterations);
        let each = time.as_secs_f64() * 1e9 / self.iterations as f64;
        self.fastest = self.fastest.min(each);
    }
}
