//! The committed bytes, which `.ci/footprint` keeps true, and times, as tables in Markdown.

use std::fmt::Write as _;

const COUNTS: &str = include_str!("../footprint.tsv");

const HEAD: &str = "
## What items add to a release binary, and what a task holds

| item | ours, bytes | tokio, bytes |
|---|--:|--:|
";

const FOOT: &str = "
Bytes of code and data that an item adds to a program that has the same without it, each the mean of
50. The first row has all that the variables of a program share. A waiting task is one of
`tokio::spawn`, and beside it one of `task::spawn`, which inherits; that is the mean over futures of
0 to 120 bytes, because tokio rounds a task up to 128. Counted by `.ci/footprint --renew`, which
compares them without that flag.
";

const TIMES: &str = include_str!("../compile_times.tsv");

const TIMES_HEAD: &str = "
## What compiling takes, and what a debug build does

| what | time |
|---|--:|
";

const TIMES_FOOT: &str = "
One run on two cores with Rust 1.95, in the profile `dev` without incremental compilation: the fastest
of three rounds for a cold build and of ten for an attribute, in each of which everything is compiled in
turn. A cold build starts without compiled dependencies, `serde` with its derive and `tokio` with the
feature `full`; the others have their default features. An attribute's time is the mean of 300 functions,
beside the same functions without it. Calls are the fastest of 50 rounds. Generic code is compiled in the
program, which the crate's `opt-level` does not reach. The aims are 1.3 times `serde`, and on a machine that
builds `serde` in 4.8 s, 0.6 ms and 1.2 ms of `cargo check`, 3 ms of `cargo build` of an `async fn`, and 100 ns
for a call without variables. On another machine, they change with the time of `serde`.
Measured by `.ci/footprint --renew-times`; times are not asserted.
";

pub(crate) fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for (item, ours) in counts("/context-vars") {
        let tokio = counts("/tokio").find(|(by_tokio, _)| *by_tokio == item);
        let (_, title) = item.split_once('/').expect("an item has a kind");
        let tokio = tokio.map_or("–", |(_, bytes)| bytes);
        let _ = writeln!(text, "| {title} | {ours} | {tokio} |");
    }
    text += FOOT;
    text += TIMES_HEAD;
    for (what, time) in TIMES.lines().filter_map(|line| line.split_once('\t')) {
        let _ = writeln!(text, "| {what} | {time} |");
    }
    text + TIMES_FOOT
}

/// Returns the items of a library with their bytes.
fn counts(library: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    COUNTS.lines().filter_map(move |line| {
        let (name, bytes) = line.split_once('\t')?;
        Some((name.strip_suffix(library)?, bytes))
    })
}
