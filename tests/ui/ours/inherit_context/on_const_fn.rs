use context_vars::inherit_context;

#[inherit_context]
const fn handle() {
    std::thread::spawn(|| ());
}

fn main() {}
