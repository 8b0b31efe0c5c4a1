use context_vars::context_var;

context_var! {
    #![redact]
    static PASSWORD: String;
}

fn main() {}
