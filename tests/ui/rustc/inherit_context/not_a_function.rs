use context_vars::inherit_context;

#[inherit_context]
fn handle(name: u64) {
    std::thread::spawn(name);
}

fn main() {}
