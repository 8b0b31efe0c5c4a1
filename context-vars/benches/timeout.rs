//! A future with a deadline that is ready at its first poll, and dropped then.

mod operations;

fn main() {
    operations::timed::time("timeout", operations::timeout::CASES);
}
