use context_vars::with_context;

#[with_context(user = String::new(), user = String::new())]
fn variable() {}

#[with_context(user = String::new(), USER = String::new())]
fn variable_in_two_spellings() {}

#[with_context(user = String::new())]
#[with_context(user = String::new())]
fn attribute() {}

fn main() {}
