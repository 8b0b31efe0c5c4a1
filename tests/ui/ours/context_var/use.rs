use context_vars::context_var;

context_var! {
    use std::collections::HashMap;
    static NAMES: u64;
}

fn main() {}
