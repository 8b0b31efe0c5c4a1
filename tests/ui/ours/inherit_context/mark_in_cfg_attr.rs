use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    std::thread::spawn(
        #[cfg_attr(debug_assertions, detach_context)]
        || (),
    );
}

fn main() {}
