use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    std::thread::spawn(
        #[inherit_context]
        #[detach_context]
        || (),
    );
}

fn main() {}
