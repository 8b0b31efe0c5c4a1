use context_vars::context_var;

context_var! {
    #[redact(always)]
    static PASSWORD: String;
    #[no_inherit = true]
    static CONNECTION: u64;
}

fn main() {}
