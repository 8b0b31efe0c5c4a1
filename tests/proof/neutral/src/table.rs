//! Prints the table: a line for each crate and attribute.

use crate::annotate::{Attribute, Count};
use crate::crates::Crate;
use crate::exceptions::Findings;

/// The result for one crate with one attribute.
pub(crate) struct Row<'a> {
    pub(crate) krate: &'a Crate,
    pub(crate) edition: &'a str,
    pub(crate) attribute: Attribute,
    pub(crate) count: Count,
    /// Functions that do not compile with the attribute.
    pub(crate) refused: usize,
    /// Tests that pass without it, and with it.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) seconds: u64,
}

/// The sums of the rows that were printed.
#[derive(Default)]
pub(crate) struct Table {
    rows: usize,
    annotated: usize,
    tests: usize,
}

impl Table {
    /// Prints a row, and the heading before the first.
    pub(crate) fn print(&mut self, row: &Row) {
        if self.rows == 0 {
            println!(
                "crate            version  ed.  attribute       annotated excepted const in macros \
                 tests before after   s"
            );
        }
        let annotated = row.count.annotated - row.refused;
        println!(
            "{:<16} {:<8} {:<4} {:<15} {:>9} {:>8} {:>5} {:>9} {:>12} {:>5} {:>3}",
            row.krate.name,
            row.krate.version,
            row.edition,
            row.attribute.name(),
            annotated,
            row.refused,
            row.count.consts,
            row.count.in_macros,
            row.before,
            row.after,
            row.seconds
        );
        self.rows += 1;
        self.annotated += annotated;
        self.tests += row.after;
    }

    /// Prints one line for all.
    pub(crate) fn print_sum(&self, findings: &Findings, listed: bool) {
        println!(
            "neutral: {} functions annotated, {} tests passed as before, {} exceptions, {}",
            self.annotated,
            self.tests,
            findings.len(),
            match listed {
                true => "all listed",
                false => "not as listed",
            }
        );
    }
}
