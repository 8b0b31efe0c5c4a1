use context_vars::context_var;

trait Server {
    context_var! {
        static USER: String;
    }
}

fn main() {}
