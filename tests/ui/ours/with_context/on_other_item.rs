use context_vars::with_context;

#[with_context(user = 5)]
const REQUESTS: u64 = 0;

#[with_context(user = 5)]
const fn constant() {}

#[with_context(user = 5)]
enum Request {}

#[with_context(user = 5)]
unsafe extern "C" {}

unsafe extern "C" {
    #[with_context(user = 5)]
    fn foreign();
}

trait WithoutBody {
    #[with_context(user = 5)]
    fn handle(&self);
}

struct Server;

#[with_context(user = 5)]
impl Server {
    fn handle(&self) {}
}

#[with_context(user = 5)]
thread_local! {
    static ID: u64 = 0;
}

#[with_context(user = 5)]
mod server {
    pub fn handle() {}
}

#[with_context(user = 5)]
static COUNT: u64 = 0;

#[with_context(user = 5)]
struct Response;

#[with_context(user = 5)]
trait Handle {
    fn handle(&self) {}
}

#[with_context(user = 5)]
type User = String;

#[with_context(user = 5)]
pub use std::collections::HashMap;

fn main() {
    server::handle();
    let _response = Response;
}
