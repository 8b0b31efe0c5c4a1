//! A poll of a pending future that carries 1 or 8 variables, or one kibibyte.

mod operations;

fn main() {
    operations::timed::time("poll", operations::poll::CASES);
}
