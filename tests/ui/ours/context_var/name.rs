use context_vars::context_var;

context_var! {
    static UserId: u64 = 0;
    static user_name: u64 = 0;
    static fn: u64 = 0;
    static "USER": u64 = 0;
    static : u64 = 0;
    static _: u64 = 0;
    static TWICE: u64 = 0;
    static TWICE: u64 = 0;
}

fn main() {
    assert_eq!(user_name.get(), 0);
}
