//! Creating a future with a context, polling it once, which completes it, and dropping it.

mod operations;

fn main() {
    operations::timed::time("create", operations::create::CASES);
}
