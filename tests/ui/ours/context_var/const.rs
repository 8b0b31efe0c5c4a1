use context_vars::context_var;

context_var! {
    const USER: u64 = 5;
}

fn main() {}
