use context_vars::context_var;

struct Server;

impl Server {
    context_var! {
        static USER: String;
    }
}

fn main() {}
