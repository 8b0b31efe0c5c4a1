//! The table in Markdown.

use std::fmt::Write as _;

use crate::judge::{Compared, Outcome, Verdict};

const HEAD: &str = "\
| operation | ours, ns | peer, ns | ratio | must | aim | verdict |
|---|--:|--:|--:|--:|--:|---|
";

const FOOT: &str = "
One run on one machine, in nanoseconds of the fastest window, all operations in turn. The verdict
\"within 0.5 ns\" is given only below 5 ns, where another placement of the code already moves a time
by that much, and only if the instructions that valgrind counts keep the bound: the verdict then
shows our count and the peer's. The operations in `benches/operations/` document what each row
measures. Printed by `cargo bench --features deadline --bench ratios -- --write`.
";

pub(crate) fn markdown(outcomes: &[Outcome]) -> String {
    let mut text = HEAD.to_owned();
    for outcome in outcomes {
        let row = outcome.row;
        let joined = |show: &dyn Fn(&Compared) -> String| {
            let shown: Vec<_> = outcome.pairs.iter().map(show).collect();
            shown.join(" / ")
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.operation,
            joined(&|pair| nanoseconds(pair.ours)),
            joined(&|pair| nanoseconds(pair.peers)),
            joined(&|pair| format!("{:.2}", pair.ratio())),
            row.must,
            row.aim,
            verdict(outcome),
        );
    }
    text + FOOT
}

/// Formats a number with three digits, because more would be noise.
fn nanoseconds(time: f64) -> String {
    match time {
        ..10.0 => format!("{time:.2}"),
        ..100.0 => format!("{time:.1}"),
        _ => format!("{time:.0}"),
    }
}

fn verdict(outcome: &Outcome) -> String {
    let (text, how) = match (outcome.aim, outcome.must) {
        (Verdict::Missed, Verdict::Missed) => ("**missed**", Verdict::Missed),
        (Verdict::Missed, must) => ("must met", must),
        (aim, _) => ("aim met", aim),
    };
    let counts = outcome.pairs.iter().filter_map(|pair| pair.instructions);
    let counts: Vec<_> = counts
        .map(|(ours, peers)| format!("{ours:.0} : {peers:.0}"))
        .collect();
    match how {
        Verdict::MetWithinTolerance => format!("{text} within 0.5 ns, {}", counts.join(" / ")),
        _ => text.to_owned(),
    }
}
