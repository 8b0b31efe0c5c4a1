use context_vars::context_var;

context_var! {
    static user: String;
    const ID = 5;
    #[redact] #[redact] static mut PASSWORD: String
    static OK: u64 = 1;
}

fn main() {
    assert_eq!(OK.get(), 1);
}
