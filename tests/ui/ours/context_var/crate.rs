use context_vars::context_var;

context_var! {
    static USER: u64;
    crate = context_vars;
}

context_var! {
    crate = context_vars;
    crate = ::context_vars;
    static TWICE: u64;
}

context_var! {
    crate = context_vars,
    static WITH_COMMA: u64;
}

context_var! {
    crate context_vars;
    static WITHOUT_EQUALS: u64;
}

context_var! {
    crate = "context_vars";
    static WITHOUT_PATH: u64;
}

fn main() {}
