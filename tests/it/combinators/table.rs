//! The table of the page and the tests of it are the same.

use super::{
    awaiting, buffer_unordered, futures_join, futures_select, futures_unordered, join_set,
    local_set, shared, timeout, tokio_join, tokio_select, tokio_select_handlers, tokio_try_join,
};

macro_rules! rows {
    ($(($row:literal, $test:ident),)*) => {
        /// The rows in the order of the table, each with its test.
        const ROWS: &[(&str, fn())] = &[$(($row, $test)),*];
    };
}

rows! {
    ("`a.await`", awaiting),
    ("`tokio::join!`", tokio_join),
    ("`tokio::try_join!`", tokio_try_join),
    ("`tokio::select!`", tokio_select),
    ("`tokio::select!` handlers", tokio_select_handlers),
    ("`futures::join!`", futures_join),
    ("`futures::select!`", futures_select),
    ("`FuturesUnordered`", futures_unordered),
    ("`buffer_unordered`", buffer_unordered),
    ("`tokio::time::timeout`", timeout),
    ("`JoinSet::spawn`", join_set),
    ("`task::spawn_local` in a `LocalSet`", local_set),
    ("`FutureExt::shared`", shared),
}

#[test]
fn every_row_of_the_table_has_a_test() {
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../context-vars/src/docs/semantics.md"
    );
    let page = std::fs::read_to_string(page).unwrap();
    let (_, page) = page.split_once("\n# Combinators\n").unwrap();
    let (page, _) = page.split_once("\n# ").unwrap();
    let rows: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|row| row.trim_start_matches("| ").split(" | ").next())
        .collect();
    let tested: Vec<_> = ROWS.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, tested);
}
