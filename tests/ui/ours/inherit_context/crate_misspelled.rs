use context_vars::inherit_context;

#[inherit_context(crat = context_vars)]
fn handle() {
    std::thread::spawn(|| ());
}

fn main() {}
