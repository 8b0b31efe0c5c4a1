use context_vars::context_var;

context_var! {
    #[redact]
    #[redact]
    static PASSWORD: String;
}

fn main() {}
