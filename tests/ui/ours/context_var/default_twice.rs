use context_vars::context_var;

context_var! {
    static USER: u64 = 5 = 6;
}

fn main() {}
