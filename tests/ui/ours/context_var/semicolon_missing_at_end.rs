use context_vars::context_var;

context_var! {
    static USER: u64 = 5
}

fn main() {}
