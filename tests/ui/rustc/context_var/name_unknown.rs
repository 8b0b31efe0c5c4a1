use context_vars::context_var;

struct Name;

context_var! {
    static TYPE: Nam = Name;
    static DEFAULT: u64 = nobody();
}

fn main() {}
