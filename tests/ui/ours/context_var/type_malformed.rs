use context_vars::context_var;

context_var! {
    static USER: Vec<u8, = Vec::new();
}

fn main() {}
