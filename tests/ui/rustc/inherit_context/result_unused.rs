#![deny(unused_must_use)]

use context_vars::inherit_context;

#[must_use]
fn spawn(job: impl FnOnce()) -> u64 {
    job();
    5
}

#[inherit_context]
fn main() {
    spawn(|| ());
}
