use context_vars::context_var;

context_var! {
    static fn: u64 = 0;
}

fn main() {}
