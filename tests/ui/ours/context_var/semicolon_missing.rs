use context_vars::context_var;

context_var! {
    static USER: u64 = 5
    static ID: u64;
}

fn main() {
    assert_eq!(USER.get() + ID.get_or(1), 6);
}
