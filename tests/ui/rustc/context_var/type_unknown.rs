use context_vars::context_var;

struct Name;

context_var! {
    static USER: Nam = Name;
}

fn main() {}
