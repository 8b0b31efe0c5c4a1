use context_vars::context_var;

context_var! {
    static USER: u64;
}

context_var! {
    static USER: u64;
}

fn main() {}
