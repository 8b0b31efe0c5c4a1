use context_vars::inherit_context;

struct Server;

#[inherit_context]
impl Server {
    fn handle(&self) {
        std::thread::spawn(|| ());
    }
}

fn main() {}
