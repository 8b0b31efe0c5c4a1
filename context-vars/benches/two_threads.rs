//! Reads, while another thread reads the same value all the time.

mod operations;

fn main() {
    operations::timed::time("two_threads", operations::two_threads::CASES);
}
