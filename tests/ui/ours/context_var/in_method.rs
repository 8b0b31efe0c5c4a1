use context_vars::context_var;

struct Server;

impl Server {
    fn handle(&self) {
        context_var! {
            static USER: String;
        }
    }
}

fn main() {}
