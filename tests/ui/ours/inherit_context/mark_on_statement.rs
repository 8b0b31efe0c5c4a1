use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    #[inherit_context]
    let _job = std::thread::spawn(|| ());
}

fn main() {}
