use context_vars::context_var;

context_var! {
    let USER: u64 = 5;
}

fn main() {}
