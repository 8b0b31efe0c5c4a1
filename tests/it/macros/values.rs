//! R11: the expressions that a scope's variables are set to.

use std::sync::Arc;

use context_vars::{Context, context_var, with_context};

use super::{ID, USER, assert_outside, later, user};
use crate::support::yield_once;

context_var! {
    static HANDLER: Arc<dyn Fn(u64) -> u64 + Send + Sync>;
    static NUMBER: i64;
    static MAYBE: Option<String>;
    static NAMES: Vec<String>;
}

#[with_context(
    user = user() + "+",
    id = { USER.set("changed".to_owned()); user().len() as u64 },
)]
fn in_order() -> (String, u64) {
    (user(), ID.get())
}

#[test]
fn values_read_the_outer_ones_in_order_and_what_they_set_is_gone() {
    USER.sync_scope("outer".to_owned(), || {
        assert_eq!(in_order(), ("outer+".to_owned(), 7));
        assert_eq!(user(), "outer");
    });
    assert_outside();
}

#[with_context(
    handler = Arc::new(|n| n + 1),
    number = -5,
    maybe = None,
    names = vec!["a".into(), String::from("b")],
    user = format!("{}{}", 1, 2),
    id = if true { 1 } else { 2 },
)]
fn forms() -> String {
    let numbers = (HANDLER.get()(4), NUMBER.get(), ID.get());
    format!("{numbers:?} {:?} {:?} {}", MAYBE.get(), NAMES.get(), user())
}

#[with_context(user = name, id = text.len() as u64)]
fn moves_and_borrows(name: String, text: &str, used_in_both: String) -> (String, u64, String) {
    (user(), ID.get(), used_in_both + text)
}

#[with_context(user = if name == Some("x") { return None } else { name?.to_owned() })]
fn question_mark_and_return(name: Option<&str>) -> Option<String> {
    Some(user() + "!")
}

#[with_context(user = text.parse::<u8>()?.to_string())]
async fn question_mark_later(text: &str) -> Result<String, std::num::ParseIntError> {
    Ok(later().await)
}

#[tokio::test]
async fn question_marks_and_returns_leave_the_function() {
    assert_eq!(question_mark_and_return(Some("a")).unwrap(), "a!");
    let returned = [None, Some("x")].map(question_mark_and_return);
    assert_eq!(returned, [None, None]);
    assert_eq!(question_mark_later("5").await.unwrap(), "5");
    assert!(question_mark_later("x").await.is_err());
    assert_outside();
}

async fn load(name: &str) -> String {
    yield_once().await;
    format!("loaded {name}")
}

#[with_context(user = load(&name).await, id = async { 5 }.await)]
async fn awaits(name: String) -> (String, u64) {
    (later().await + &name, ID.get())
}

#[with_context(user = futures::executor::block_on(async { load("x").await }))]
fn awaits_in_an_async_block() -> String {
    user()
}

#[with_context(user = "shadow".to_owned())]
fn locals_are_hygienic() -> String {
    let (_scope, value_0, argument_0, work) = (1, 2, 3, 4);
    format!("{}{}", _scope + value_0 + argument_0 + work, user())
}

#[with_context(user = format!("{value_0}{_scope}"))]
fn arguments_are_hygienic(value_0: u8, _scope: u8, _: u8, argument_2: u8) -> String {
    format!("{}{argument_2}", user())
}

/// A `let` cannot shadow a constant: in there its name is a pattern.
mod constants {
    #![allow(non_upper_case_globals, dead_code)]

    use context_vars::{inherit_context, with_context};

    use super::super::{USER, spawner::spawn, user};

    const context: u32 = 1;
    const inherited: u32 = 2;
    const _scope: u32 = 3;
    const scope: u32 = 4;
    const value_0: u32 = 5;
    const argument_0: u32 = 6;
    const work: u32 = 7;
    const returned: u32 = 8;

    #[with_context(user = value_0.to_string())]
    pub fn now((a, _): (u32, u32)) -> String {
        format!("{a}{}{argument_0}{_scope}", user())
    }

    #[with_context(user = value_0.to_string())]
    pub async fn later((a, _): (u32, u32)) -> String {
        format!("{a}{}{returned}", user())
    }

    #[inherit_context]
    pub fn spawned() -> String {
        let job = || move || format!("{}{work}", user());
        spawn(move || format!("{}{context}", user())) + &spawn(job())
    }

    #[test]
    fn can_be_called_like_what_is_generated() {
        assert_eq!(now((1, 2)), "1563");
        assert_eq!(futures::executor::block_on(later((1, 2))), "158");
        assert_eq!(USER.sync_scope("a".to_owned(), spawned), "a1a7");
    }
}

#[test]
fn literals_blocks_macros_arguments_and_what_needs_the_variables_type() {
    assert_eq!(forms(), r#"(5, -5, 1) None ["a", "b"] 12"#);
    let seen = moves_and_borrows("n".into(), "tt", "u".into());
    assert_eq!(seen, ("n".to_owned(), 2, "utt".to_owned()));
}

#[tokio::test]
async fn values_of_an_async_function_and_of_an_async_block_can_be_awaited() {
    assert_eq!(awaits("n".into()).await, ("loaded nn".to_owned(), 5));
    assert_eq!(awaits_in_an_async_block(), "loaded x");
    assert_outside();
}

#[test]
fn generated_names_and_the_users_do_not_meet() {
    assert_eq!(locals_are_hygienic(), "10shadow");
    assert_eq!(arguments_are_hygienic(1, 2, 3, 4), "124");
}

#[with_context(user = { *kept = Some(Context::current()); "alice".to_owned() }, id = 2)]
fn keeps_the_context_in_which_a_value_is_computed(kept: &mut Option<Context>) -> (String, u64) {
    (user(), ID.get())
}

#[test]
fn context_kept_by_a_value_expression_has_none_of_the_values() {
    let mut kept = None;
    let inside = keeps_the_context_in_which_a_value_is_computed(&mut kept);
    assert_eq!(inside, ("alice".to_owned(), 2));
    let kept = kept.unwrap();
    assert_eq!((kept.get(&USER), kept.get(&ID)), (None, None));
}
