use context_vars::context_var;

context_var! {
    static USER: "anonymous";
}

fn main() {}
