use context_vars::context_var;

context_var! {
    1 + 1
}

fn main() {}
