//! The compared operations, and the bounds of their ratios.

use crate::operations::meter::Library::{self, ContextVars, OpenTelemetry, Tokio};
use crate::operations::meter::Run;
use crate::operations::{self, meter::Case};

/// A line of the table.
pub(crate) struct Row {
    pub(crate) operation: &'static str,
    /// One pair, or several that have the same bounds.
    pub(crate) pairs: &'static [Pair],
    pub(crate) must: f64,
    pub(crate) aim: f64,
}

/// The two operations whose times are compared, ours first.
pub(crate) struct Pair(pub(crate) Measured, pub(crate) Measured);

/// Names one operation with one library: bench, case, library.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Measured(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) Library,
);

impl Measured {
    /// Finds the operation.
    pub(crate) fn run(self) -> Run {
        let Self(bench, case, library) = self;
        let cases = operations::ALL.iter().find(|(name, _)| *name == bench);
        let case =
            cases.and_then(|(_, cases)| cases.iter().find(|Case { name, .. }| *name == case));
        let run = case.and_then(|case| case.by.iter().find(|(by, _)| *by == library));
        run.unwrap_or_else(|| panic!("no operation `{bench}/{}/{}`", self.1, library.name()))
            .1
    }
}

const fn row(operation: &'static str, must: f64, aim: f64, pairs: &'static [Pair]) -> Row {
    Row {
        operation,
        pairs,
        must,
        aim,
    }
}

/// The same operation of ours and of a peer.
const fn over(peer: Library, bench: &'static str, case: &'static str) -> Pair {
    Pair(
        Measured(bench, case, ContextVars),
        Measured(bench, case, peer),
    )
}

pub(crate) const ROWS: &[Row] = &[
    row(
        "`get` u64, set, over tokio `get`",
        1.7,
        1.0,
        &[over(Tokio, "read", "set")],
    ),
    row(
        "`get` u64, only a default, over tokio `get`",
        1.7,
        1.0,
        &[over(Tokio, "read", "default")],
    ),
    row(
        "`get` `Arc<str>`, over tokio `get`",
        1.1,
        1.0,
        &[over(Tokio, "read", "arc")],
    ),
    row(
        "`with` str length, over tokio `with`",
        1.0,
        0.9,
        &[over(Tokio, "read", "with")],
    ),
    row(
        "`get` u64, over OTel `map_current`",
        0.3,
        0.15,
        &[over(OpenTelemetry, "read", "set")],
    ),
    row(
        "`sync_scope` of 1 variable, with an opaque read, over tokio",
        3.0,
        1.2,
        &[over(Tokio, "scope", "1 variable")],
    ),
    row(
        "the same, over OTel attach and drop",
        0.25,
        0.1,
        &[over(OpenTelemetry, "scope", "1 variable")],
    ),
    row(
        "`sync_scope` with 7 others set, over OTel",
        0.25,
        0.1,
        &[over(OpenTelemetry, "scope", "1 variable, 7 others set")],
    ),
    row(
        "sync function with 4 variables by attribute, over 4 nested tokio scopes",
        4.5,
        2.0,
        &[over(Tokio, "scope", "4 variables")],
    ),
    row(
        "`set` and `reset`, over OTel attach and drop",
        0.15,
        0.08,
        &[over(OpenTelemetry, "set_reset", "1 variable")],
    ),
    row(
        "poll of `scope`, 1 variable, over tokio",
        1.15,
        1.0,
        &[over(Tokio, "poll", "1 variable")],
    ),
    row(
        "poll of a function with 8 variables, over 8 nested tokio scopes",
        0.35,
        0.2,
        &[over(Tokio, "poll", "8 variables")],
    ),
    row(
        "poll with a 1 KiB value, over tokio",
        0.15,
        0.08,
        &[over(Tokio, "poll", "1 KiB")],
    ),
    row(
        "poll of `in_context`, over OTel `with_context`",
        0.35,
        0.25,
        &[over(OpenTelemetry, "poll", "in_context")],
    ),
    row(
        "create, poll once, drop a `scope`, over OTel",
        0.35,
        0.2,
        &[over(OpenTelemetry, "create", "scope")],
    ),
    row(
        "`Context::current()`, 1 and 8 variables, over OTel `current()`",
        1.1,
        1.0,
        &[
            over(OpenTelemetry, "snapshot", "1 variable"),
            over(OpenTelemetry, "snapshot", "8 variables"),
        ],
    ),
    row(
        "spawn and await, inheriting, over bare `tokio::spawn`",
        1.1,
        1.03,
        &[Pair(
            Measured("spawn", "inheriting", ContextVars),
            Measured("spawn", "bare", Tokio),
        )],
    ),
    row(
        "`deadline::timeout` of a future that is ready at once, over tokio `timeout`",
        2.5,
        2.0,
        &[over(Tokio, "timeout", "ready at once")],
    ),
    row(
        "`set` after a snapshot with 1,024 variables, over the same with 16",
        4.0,
        2.0,
        &[Pair(
            Measured("set_after_snapshot", "1024 variables", ContextVars),
            Measured("set_after_snapshot", "16 variables", ContextVars),
        )],
    ),
];
