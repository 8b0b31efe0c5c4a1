//! The committed bytes, which `.ci/footprint` keeps true, as a table in Markdown.

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
compares them without that flag; `.ci/footprint --times` prints what compiling takes.
";

pub(crate) fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for (item, ours) in counts("/context-vars") {
        let tokio = counts("/tokio").find(|(by_tokio, _)| *by_tokio == item);
        let (_, title) = item.split_once('/').expect("an item has a kind");
        let tokio = tokio.map_or("–", |(_, bytes)| bytes);
        let _ = writeln!(text, "| {title} | {ours} | {tokio} |");
    }
    text + FOOT
}

/// Returns the items of a library with their bytes.
fn counts(library: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    COUNTS.lines().filter_map(move |line| {
        let (name, bytes) = line.split_once('\t')?;
        Some((name.strip_suffix(library)?, bytes))
    })
}
