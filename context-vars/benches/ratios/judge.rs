//! Compares times with the bounds.

use crate::instructions;
use crate::rows::{Pair, ROWS, Row};
use crate::stopwatch::Times;

/// Below this many nanoseconds a ratio is mostly noise.
const SHORT: f64 = 5.0;
/// The tolerance, in nanoseconds, of a short operation whose instructions meet the bound.
const TOLERANCE: f64 = 0.5;

/// A row with its times.
pub(crate) struct Outcome {
    pub(crate) row: &'static Row,
    pub(crate) pairs: Vec<Compared>,
    pub(crate) must: Verdict,
    pub(crate) aim: Verdict,
}

/// The times of a pair, in nanoseconds, and their instructions where they are counted.
pub(crate) struct Compared {
    pub(crate) ours: f64,
    pub(crate) peers: f64,
    pub(crate) instructions: Option<(f64, f64)>,
}

/// Ordered from good to bad.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Met,
    /// Missed by less than the tolerance, and met in instructions.
    MetWithinTolerance,
    Missed,
}

impl Compared {
    fn new(&Pair(ours, peer): &Pair, times: &Times) -> Self {
        Self {
            ours: times[&ours],
            peers: times[&peer],
            instructions: instructions::count(ours).zip(instructions::count(peer)),
        }
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.ours / self.peers
    }

    fn verdict(&self, bound: f64) -> Verdict {
        let confirmed = self
            .instructions
            .is_some_and(|(ours, peers)| ours <= bound * peers);
        let missed_by = self.ours - bound * self.peers;
        if missed_by <= 0.0 {
            Verdict::Met
        } else if self.ours < SHORT && missed_by <= TOLERANCE && confirmed {
            Verdict::MetWithinTolerance
        } else {
            Verdict::Missed
        }
    }
}

/// Compares the times of every row. Of several pairs in a row the worst counts.
pub(crate) fn judge(times: &Times) -> Vec<Outcome> {
    let outcome = |row: &'static Row| {
        let pairs: Vec<_> = row
            .pairs
            .iter()
            .map(|pair| Compared::new(pair, times))
            .collect();
        let worst = |bound| pairs.iter().map(|pair| pair.verdict(bound)).max();
        let (must, aim) = (worst(row.must), worst(row.aim));
        let none = "a row has at least one pair";
        Outcome {
            row,
            must: must.expect(none),
            aim: aim.expect(none),
            pairs,
        }
    };
    ROWS.iter().map(outcome).collect()
}
