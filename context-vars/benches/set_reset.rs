//! Setting a variable and taking it back, in a context that was not copied.

mod operations;

fn main() {
    operations::timed::time("set_reset", operations::set_reset::CASES);
}
