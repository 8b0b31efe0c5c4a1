use context_vars::context_var;

context_var! {
    #[cfg_attr(not(debug_assertions), redact)]
    static PASSWORD: String;
}

fn main() {}
