use context_vars::context_var;

context_var! {
    static UserId: u64 = 0;
}

fn main() {}
