use context_vars::context_var;

context_var! {
    static pub USER: u64 = 5;
}

fn main() {}
