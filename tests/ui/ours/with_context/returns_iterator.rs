use context_vars::{context_var, with_context};

context_var! {
    static ID: u64;
}

#[with_context(id = 5)]
fn numbers() -> impl Iterator<Item = u64> {
    [1].into_iter()
}

fn main() {}
