//! The costs of operations as ratios to the same operations in peers: a table in Markdown and a chart.
//!
//! ```text
//! cargo bench --features deadline --bench ratios                 prints the table
//! cargo bench --features deadline --bench ratios -- --quick      in two seconds, less exact
//! cargo bench --features deadline --bench ratios -- --write      also writes RATIOS.md, ratios.svg
//! ```
//!
//! Times of one run are compared with each other alone: every round runs every operation once, in
//! turn, for a window of about 50 microseconds, and an operation's time is that of its fastest
//! window. So whatever disturbs the machine for a while disturbs all of them, and is dropped.

#[path = "../operations/mod.rs"]
mod operations;

mod chart;
mod footprint;
mod instructions;
mod judge;
mod rows;
mod stopwatch;
mod table;

use std::path::Path;

const TITLE: &str = "\
# What operations cost beside the same ones in peers

![Bars for the ratios of the table below](ratios.svg)

";

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let rounds = match (has("--bench"), has("--quick")) {
        // `cargo test --benches` only checks that the program runs.
        (false, _) => 1,
        (_, true) => 300,
        _ => 5_000,
    };
    let results = judge::judge(&stopwatch::fastest(rounds));
    let table = table::markdown(&results) + &footprint::markdown();
    print!("{table}");
    if has("--write") {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
        std::fs::write(benches.join("RATIOS.md"), format!("{TITLE}{table}"))?;
        std::fs::write(benches.join("ratios.svg"), chart::svg(&results))?;
    }
    Ok(())
}
