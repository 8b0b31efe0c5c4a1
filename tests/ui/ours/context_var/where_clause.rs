use context_vars::context_var;

context_var! {
    static USER: u64 where u64: Copy = 5;
}

fn main() {}
