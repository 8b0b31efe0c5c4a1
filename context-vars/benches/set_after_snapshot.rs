//! Copying the current context, setting one variable of 16 to 1,024, dropping the copy.

mod operations;

fn main() {
    operations::timed::time("set_after_snapshot", operations::set_after_snapshot::CASES);
}
