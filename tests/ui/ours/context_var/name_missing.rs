use context_vars::context_var;

context_var! {
    static : u64 = 0;
}

fn main() {}
