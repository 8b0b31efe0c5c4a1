use context_vars::with_context;

#[with_context]
fn handle() {
    let _in_cfg_attr = #[cfg_attr(debug_assertions, detach_context)]
    || ();
    #[detach_context]
    let _answer = 42;
    let _with_arguments = #[inherit_context(user = 5)]
    || ();
    let _with_context = #[with_context(user = String::new())]
    || ();
}

fn main() {}
