use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    std::thread::spawn(
        #[detach_context(now)]
        || (),
    );
}

fn main() {}
