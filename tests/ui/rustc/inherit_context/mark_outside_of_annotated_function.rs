use context_vars::inherit_context;

fn main() {
    let job = #[inherit_context]
    || ();
    job();
}
