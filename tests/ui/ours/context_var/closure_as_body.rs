use context_vars::context_var;

context_var! {
    || 5
}

fn main() {}
