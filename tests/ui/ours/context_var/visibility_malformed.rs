use context_vars::context_var;

context_var! {
    pub(everywhere) static USER: u64 = 5;
}

fn main() {}
