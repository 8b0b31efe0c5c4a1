//! A scope around a call that reads one variable: of 1 to 8 variables, of a kibibyte, of the 17th.

mod operations;

fn main() {
    operations::timed::time("scope", operations::scope::CASES);
}
