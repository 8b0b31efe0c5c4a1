use context_vars::{context_var, with_context};

context_var! {
    static ID: u64;
}

#[with_context(id = 5)]
fn numbers() -> Box<dyn Iterator<Item = u64>> {
    Box::new([1].into_iter())
}

fn main() {}
