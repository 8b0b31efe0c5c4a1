use context_vars::context_var;

context_var! {
    static USER<T>: Option<T> = None;
}

fn main() {}
