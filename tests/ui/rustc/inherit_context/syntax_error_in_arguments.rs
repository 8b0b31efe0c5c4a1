use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    std::thread::spawn(|| 5 5);
}

fn main() {}
