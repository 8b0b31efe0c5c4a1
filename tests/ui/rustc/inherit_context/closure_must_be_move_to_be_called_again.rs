use context_vars::inherit_context;

fn spawn_many(job: impl Fn() + Send + 'static) {
    std::thread::spawn(move || (job(), job()));
}

#[inherit_context]
fn handle() {
    spawn_many(|| ());
}

fn main() {}
