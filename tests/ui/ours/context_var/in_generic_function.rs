use context_vars::context_var;

fn handle<T>(_: T) {
    context_var! {
        static USER: String;
    }
}

fn main() {}
