use context_vars::inherit_context;

#[inherit_context]
struct Request;

fn main() {}
