//! Runs one operation a given number of times, for `.ci/instructions` to count under valgrind.
//!
//! ```text
//! instructions                        prints the names of the operations that are counted
//! instructions read/set/tokio 1000    does that operation 1000 times
//! ```

mod operations;

use operations::meter::Library::{self, ContextVars, OpenTelemetry, ThreadLocal, Tokio};
use operations::meter::{Meter, Run};

/// The counted operations, by bench and case, for each of these libraries that supports them. The
/// script compares our counts with the baseline; the ratio program needs the peers' counts, too.
const COUNTED: &[(&str, &str)] = &[
    ("read", "set"),
    ("read", "default"),
    ("read", "arc"),
    ("read", "with"),
    ("scope", "1 variable"),
    ("scope", "1 variable, 7 others set"),
    ("scope", "1 variable, a `no_inherit` one set"),
    ("scope", "4 variables"),
    ("scope", "the 17th variable"),
    ("set_reset", "1 variable"),
    ("snapshot", "1 variable"),
    ("snapshot", "8 variables"),
    ("poll", "1 variable"),
    ("poll", "8 variables"),
    ("poll", "1 KiB"),
    ("poll", "in_context"),
    ("poll", "run_async"),
    ("create", "scope"),
    ("create", "inherit"),
    ("timeout", "ready at once"),
    ("timeout", "ready at once, nested"),
    ("attach", "drop"),
    ("attach", "detach"),
];
const LIBRARIES: &[Library] = &[ContextVars, ThreadLocal, Tokio, OpenTelemetry];

/// The counted operations with their names.
fn counted() -> impl Iterator<Item = (String, Run)> {
    let all = operations::ALL.iter();
    all.flat_map(|&(bench, cases)| cases.iter().map(move |case| (bench, case)))
        .filter(|(bench, case)| COUNTED.contains(&(*bench, case.name)))
        .flat_map(|(bench, case)| case.by.iter().map(move |by| (bench, case.name, by)))
        .filter(|(_, _, (library, _))| LIBRARIES.contains(library))
        .map(|(bench, case, (library, run))| (format!("{bench}/{case}/{}", library.name()), *run))
}

fn main() {
    // `cargo bench` adds the flag `--bench`.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let Some(wanted) = arguments.next() else {
        counted().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let iterations = arguments.next().and_then(|count| count.parse().ok());
    let iterations = iterations.expect("the number of iterations stands behind the name");
    let (_, run) = counted()
        .find(|(name, _)| *name == wanted)
        .unwrap_or_else(|| panic!("no counted operation is called `{wanted}`"));
    Meter::time(run, iterations);
}
