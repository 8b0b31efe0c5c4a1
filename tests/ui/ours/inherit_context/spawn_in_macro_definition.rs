use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    macro_rules! go {
        ($job:expr) => {
            std::thread::spawn($job)
        };
    }
    go!(|| ());
}

fn main() {}
