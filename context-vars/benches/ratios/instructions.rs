//! The committed instruction counts, which `.ci/instructions` keeps true.

use crate::rows::Measured;

const COUNTS: &str = include_str!("../instructions.tsv");

/// Returns the number of instructions that an operation takes, if it is counted.
pub(crate) fn count(Measured(bench, case, library): Measured) -> Option<f64> {
    let name = format!("{bench}/{case}/{}", library.name());
    let line = COUNTS
        .lines()
        .find_map(|line| line.strip_prefix(&name)?.strip_prefix('\t'))?;
    Some(line.trim().parse().expect("a count is a number"))
}
