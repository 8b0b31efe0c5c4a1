use context_vars::context_var;

context_var! {
    #[redact]
}

fn main() {}
