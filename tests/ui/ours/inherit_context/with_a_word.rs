use context_vars::inherit_context;

#[inherit_context(move)]
fn handle() {
    std::thread::spawn(|| ());
}

fn main() {}
