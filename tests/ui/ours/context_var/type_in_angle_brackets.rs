use context_vars::context_var;

context_var! {
    static<u64> USER = 5;
}

fn main() {}
