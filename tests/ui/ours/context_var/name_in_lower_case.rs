use context_vars::context_var;

context_var! {
    static user_id: u64 = 0;
}

fn main() {
    assert_eq!(user_id.get(), 0);
}
