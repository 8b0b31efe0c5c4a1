use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

static NAME: &str = "";

#[with_context(name = String::new())]
fn key_is_not_a_variable() {}

#[with_context(user = "alice")]
fn value() {}

#[with_context(user = id)]
async fn value_later(id: u64) {}

#[with_context(user = name?)]
fn question_mark_without_result(name: Option<String>) {}

#[with_context(user = String::new())]
fn result() -> u64 {
    "text"
}

#[with_context(user = String::new())]
async fn result_later() -> u64 {
    "text"
}

#[with_context(user = String::new())]
fn result_missing() -> u64 {
    5;
}

#[with_context(user = String::new())]
fn typo_in_body() -> usize {
    USER.gett().len()
}

fn main() {}
