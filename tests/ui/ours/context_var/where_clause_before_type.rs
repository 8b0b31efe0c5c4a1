use context_vars::context_var;

context_var! {
    static USER where u64: Copy;
}

fn main() {}
