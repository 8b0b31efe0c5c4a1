use context_vars::with_context;

#[with_context(UserName = String::new(), vars::userId = 5)]
fn in_camel_case() {}

#[with_context("user" = String::new())]
fn in_quotes() {}

#[with_context("the user" = String::new())]
fn a_text() {}

#[with_context(user() = String::new())]
fn a_call() {}

#[with_context(user(String::new()))]
fn a_call_with_the_value() {}

#[with_context(self.user = String::new())]
fn a_field() {}

#[with_context(vars.user = String::new())]
fn a_dot_instead_of_colons() {}

#[with_context(self = String::new())]
fn self_alone() {}

#[with_context(user::<String> = String::new())]
fn generic() {}

#[with_context(vars::* = String::new())]
fn a_glob() {}

#[with_context(vars:: = String::new())]
fn a_path_that_ends_with_colons() {}

#[with_context(5 = String::new())]
fn a_number() {}

#[with_context(&USER = String::new())]
fn a_reference() {}

#[with_context(_ = String::new())]
fn an_underscore() {}

#[with_context(= String::new())]
fn missing() {}

#[with_context({ user = String::new() })]
fn in_braces() {}

fn main() {}
