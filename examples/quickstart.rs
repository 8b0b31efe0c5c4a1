//! Placeholder until the runtime is there.
fn main() {}
