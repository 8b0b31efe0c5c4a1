use context_vars::{context_var, with_context};

context_var! {
    static ID: u64;
}

#[with_context(id = 5)]
fn numbers() -> Box<dyn FnOnce() -> u64> {
    Box::new(|| 1)
}

fn main() {}
