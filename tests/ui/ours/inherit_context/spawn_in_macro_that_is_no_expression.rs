use context_vars::inherit_context;

macro_rules! go {
    (spawn($name:ident => $job:expr)) => {
        std::thread::spawn($job)
    };
}

#[inherit_context]
fn handle() {
    go!(spawn(job => || ()));
}

fn main() {}
