use context_vars::with_context;

#[with_context(user => String::new())]
fn arrow() {}

#[with_context(user: String::new())]
fn colon() {}

#[with_context(user == String::new())]
fn two_equals() {}

#[with_context(user)]
fn missing() {}

#[with_context(user = )]
fn missing_after_equals() {}

#[with_context(user = , id = 5)]
fn missing_before_comma() {}

#[with_context(user = let name = 5)]
fn a_statement() {}

#[with_context(user = String::new() + )]
fn malformed() {}

#[with_context(user = String::new() String::new())]
fn two_expressions() {}

#[with_context(user = String::new() id = 5)]
fn comma_missing() {}

#[with_context(user = String::new(); id = 5)]
fn semicolon() {}

#[with_context(user = name().await)]
fn awaits() {}

#[with_context(user = name().await)]
fn awaits_before_it_returns_a_future() -> impl Future<Output = ()> {
    async {}
}

fn main() {}
