use context_vars::inherit_context;

#[inherit_context]
fn handle() {
    std::thread::spawn(
        #[with_context(user = 5)]
        || (),
    );
}

fn main() {}
