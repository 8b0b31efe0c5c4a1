//! Spawning a task on tokio and awaiting it: bare, and so that it inherits.

mod operations;

fn main() {
    operations::timed::time("spawn", operations::spawn::CASES);
}
