use context_vars::inherit_context;

#[inherit_context]
mod server {}

fn main() {}
