use context_vars::context_var;

context_var! {
    crate = "context_vars";
    static USER: u64;
}

fn main() {}
