use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    fn inner() {
        std::thread::spawn(|| ());
    }
    inner();
}

fn main() {}
