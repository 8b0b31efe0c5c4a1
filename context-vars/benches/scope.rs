//! A scope around a call that reads one variable: of 1, 4 and 8 variables, beside seven others,

mod operations;

fn main() {
    operations::timed::time("scope", operations::scope::CASES);
}
