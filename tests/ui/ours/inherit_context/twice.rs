use context_vars::inherit_context;

#[inherit_context]
#[inherit_context]
fn handle() {
    std::thread::spawn(|| ());
}

fn main() {}
