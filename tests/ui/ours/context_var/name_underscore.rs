use context_vars::context_var;

context_var! {
    static _: u64 = 0;
}

fn main() {}
