use context_vars::context_var;

context_var! {
    static USER: u64 = 5
    static WITHOUT_DEFAULT: u64
    pub static LAST: u64 = 5
}

fn main() {
    assert_eq!(USER.get() + WITHOUT_DEFAULT.get_or(1), 6);
}
