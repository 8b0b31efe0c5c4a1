use context_vars::context_var;

context_var! {
    static USER: Strin = String::new();
}

fn main() {}
