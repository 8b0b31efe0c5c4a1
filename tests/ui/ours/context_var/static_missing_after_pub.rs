use context_vars::context_var;

context_var! {
    pub USER: u64 = 5;
}

fn main() {}
