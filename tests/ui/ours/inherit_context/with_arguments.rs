use context_vars::inherit_context;

#[inherit_context(user = 5)]
fn handle() {
    std::thread::spawn(|| ());
}

fn main() {}
