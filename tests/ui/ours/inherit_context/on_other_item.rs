use context_vars::inherit_context;

#[inherit_context]
const fn constant() {
    std::thread::spawn(|| ());
}

trait WithoutBody {
    #[inherit_context]
    fn handle(&self);
}

struct Server;

#[inherit_context]
impl Server {
    fn handle(&self) {
        std::thread::spawn(|| ());
    }
}

#[inherit_context]
mod server {}

#[inherit_context]
struct Request;

#[inherit_context]
trait Handle {
    fn handle(&self);
}

fn main() {}
