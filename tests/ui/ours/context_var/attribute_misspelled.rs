use context_vars::context_var;

context_var! {
    #[redacted]
    static PASSWORD: String;
    #[noinherit]
    static CONNECTION: u64;
    #[redect]
    static TOKEN: u64;
}

fn main() {}
