use context_vars::context_var;

context_var! {
    static USER: u64
    pub static ID: u64;
}

fn main() {}
