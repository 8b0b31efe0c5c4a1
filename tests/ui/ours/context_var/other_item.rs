use context_vars::context_var;

context_var! {
    fn user() -> u64 {
        5
    }
    pub struct User {
        name: String,
    }
    use std::collections::HashMap;
    static ID: u64 = 1;
}

context_var! {
    || 5
}

context_var! {
    1 + 1
}

fn main() {
    assert_eq!(ID.get(), 1);
}
