use context_vars::inherit_context;

fn main() {
    std::thread::spawn(
        #[inherit_context]
        move || (),
    );
}
