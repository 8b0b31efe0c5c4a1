use context_vars::context_var;

context_var! {
    fn user() -> u64 {
        5
    }
    static ID: u64 = 1;
}

fn main() {
    assert_eq!(ID.get(), 1);
}
