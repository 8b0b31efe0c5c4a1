use context_vars::context_var;

struct Server;

impl Server {
    context_var! {
        crate = context_vars;
        static USER: String;
    }
}

fn main() {}
