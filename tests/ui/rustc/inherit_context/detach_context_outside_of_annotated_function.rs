use context_vars::inherit_context;

fn main() {
    let job = #[detach_context]
    || ();
    job();
}
