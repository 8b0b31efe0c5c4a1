//! Reads: of a set variable, of one that has only a default, of an `Arc`, and by reference.

mod operations;

fn main() {
    operations::timed::time("read", operations::read::CASES);
}
