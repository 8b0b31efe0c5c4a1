use context_vars::{context_var, with_context};

context_var! {
    static ID: u64;
}

#[with_context(id = 5)]
fn numbers() -> Option<std::sync::Arc<dyn Fn() -> u64>> {
    None
}

fn main() {}
