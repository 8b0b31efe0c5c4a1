use context_vars::context_var;

fn handle() {
    context_var! {
        static USER: String;
    }
}

fn main() {}
