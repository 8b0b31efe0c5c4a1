use context_vars::{detach_context, inherit_context};

fn main() {
    let job = #[inherit_context]
    || ();
    let detached = #[detach_context]
    || ();
    std::thread::spawn(
        #[inherit_context]
        move || (),
    );
    (job(), detached());
}
