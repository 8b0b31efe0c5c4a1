use context_vars::with_context;

#[with_context(crate = context_vars, crate = ::context_vars)]
fn twice() {}

#[with_context(crate(context_vars), user = String::new())]
fn without_equals() {}

#[with_context(crate = "context_vars", user = String::new())]
fn without_path() {}

fn main() {}
