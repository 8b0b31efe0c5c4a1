//! Taking a copy of the current context, and dropping it, with 1 to 1,024 variables set.

mod operations;

fn main() {
    operations::timed::time("snapshot", operations::snapshot::CASES);
}
