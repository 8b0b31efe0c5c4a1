use context_vars::with_context;

#[with_context(crate = context_vars, crate = ::context_vars)]
fn twice() {}

#[with_context(crate(context_vars), user = String::new())]
fn without_equals() {}

#[with_context(crate = "context_vars", user = String::new())]
fn without_path() {}

#[with_context(crates = ::context_vars)]
fn misspelled() {}

#[with_context(crate)]
fn alone() {}

fn main() {}
