use context_vars::context_var;

context_var! {
    #[redact]
}

context_var! {
    pub
}

fn main() {}
