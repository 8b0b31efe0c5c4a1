//! `#[with_context]` on functions that are not async.

use std::fmt::Display;
use std::num::ParseIntError;
use std::ops::Range;
use std::sync::Mutex;

use context_vars::{inherit_context, with_context};

use super::spawner::spawn_with;
use super::{ID, USER, as_alice, assert_outside, user};
use crate::support::panic_of;

#[with_context(user = "early".into())]
fn early(leave: bool) -> String {
    if leave {
        return format!("left {}", user());
    }
    format!("stayed {}", user())
}

#[with_context(user = text.to_owned())]
fn fails(text: &str) -> Result<u8, ParseIntError> {
    assert_eq!(user(), text);
    Ok(text.parse::<u8>()? + 1)
}

#[with_context(user = "never".into())]
fn never(code: u8) -> ! {
    panic!("{} {code}", user())
}

#[test]
fn a_scope_lasts_as_long_as_the_call_on_every_way_out() {
    assert_outside();
    assert_eq!(early(true), "left early");
    assert_outside();
    assert_eq!(early(false), "stayed early");
    assert_outside();
    assert_eq!(fails("5"), Ok(6));
    assert!(fails("five").is_err());
    assert_outside();
    assert_eq!(panic_of(|| never(5)), "never 5");
    assert_outside();
}

#[with_context]
fn only_isolates(depth: u8) -> String {
    USER.set(format!("depth {depth}"));
    if depth > 0 {
        only_isolates(depth - 1);
    }
    user()
}

#[allow(clippy::multiple_bound_locations)]
#[with_context(user = what.to_string())]
fn generic<T: Display + ?Sized, const N: usize>(what: &T, many: [u8; N]) -> (String, usize)
where
    T: Send,
{
    (user(), many.len())
}

#[with_context(user = first.to_owned())]
fn longer<'a>(first: &'a str, second: &'a str) -> &'a str {
    assert_eq!(user(), first);
    std::cmp::max_by_key(first, second, |text| text.len())
}

#[with_context(user = text.to_owned())]
fn elided(text: &mut String) -> &mut String {
    text.push_str(&user());
    text
}

#[with_context(user = what.to_string())]
fn impl_in_both_places(what: impl Display + Copy) -> impl IntoIterator<Item = String> {
    let first = user();
    [0, 1].map(move |n| format!("{first}{what}{n}"))
}

#[allow(clippy::too_many_arguments)]
#[with_context(user = format!("{a}{b}{x}{y}{whole:?}"))]
fn patterns(
    (a, _): (u8, u8),
    [b, ..]: [u8; 3],
    Range { start: x, end: y }: Range<u8>,
    &z: &u8,
    whole @ (_, _): (u8, u8),
    mut counter: u8,
    ref borrowed: String,
    _: u8,
    _unused: String,
) -> String {
    counter += 1;
    format!("{} {z}{counter}{borrowed}", user())
}

#[with_context(user = text.clone())]
fn mutable_references(ref mut text: String, (number, ref mut list): (u8, Vec<u8>)) -> String {
    list.push(number);
    text.push('!');
    format!("{text}{list:?}{}", user())
}

#[with_context(user = text.clone())]
async fn mutable_references_later(ref mut text: String, [ref mut a, b]: [u8; 2]) -> String {
    *a += b;
    text.push('!');
    format!("{text}{a}{}", user())
}

#[inherit_context]
fn mutable_references_of_a_closure() -> String {
    spawn_with("t".to_owned(), |ref mut text| {
        text.push('!');
        format!("{text}{}", user())
    })
}

#[with_context(user = f(1) + &g(2))]
fn closures(f: impl Fn(u8) -> String, g: &dyn Fn(u8) -> String, h: Box<dyn FnOnce() -> String>) {
    assert_eq!(f(3) + &g(4) + &h(), "3412");
}

#[with_context(user = "C".into())]
unsafe extern "C" fn is_unsafe_and_extern(pointer: *const u8) -> u8 {
    assert_eq!(user(), "C");
    // SAFETY: The pointer is valid, as the function requires of its callers.
    unsafe { *pointer }
}

#[with_context(user = "locked".into())]
fn borrows_in_the_last_expression(mutex: Mutex<u8>) -> u8 {
    *mutex.lock().unwrap()
}

#[with_context(user = "where".into())]
#[track_caller]
fn called_from() -> u32 {
    std::panic::Location::caller().line()
}

#[with_context(user = "nested".into())]
fn with_items_inside() -> String {
    #![allow(clippy::items_after_statements)]
    struct Inner(&'static str);
    const INNER: Inner = Inner("inner ");
    INNER.0.to_owned() + &user()
}

#[with_context(USER = "A".into(), self::id = 5, super::user_too = 6)]
fn keys() -> (String, u64, u64) {
    (user(), ID.get(), super::USER_TOO.get())
}

mod renamed {
    pub use ::context_vars as other;
}

#[with_context(crate = renamed::other, user = "renamed".into())]
fn through_path() -> String {
    user()
}

macro_rules! handler {
    ($name:ident($argument:ident: $type:ty) $body:block, $key:ident = $value:expr) => {
        #[with_context($key = $value)]
        fn $name($argument: $type) -> String $body
    };
}

handler!(made(name: &str) { format!("{name} {}", user()) }, user = "macro".to_owned());

/// Names this crate's re-export by `$crate`, as a library's macro does for its users.
macro_rules! handlers_of_a_library {
    ($now:ident, $later:ident) => {
        #[with_context(crate = $crate::macros::functions::renamed::other, user = "now".into())]
        fn $now() -> String {
            user()
        }

        #[with_context(crate = $crate::macros::functions::renamed::other, user = "later".into())]
        #[inherit_context(crate = $crate::macros::functions::renamed::other)]
        async fn $later() -> String {
            let read = #[inherit_context]
            async |end: &str| -> String { user() + end };
            read("!").await
        }
    };
}

handlers_of_a_library!(now, later);

#[test]
fn every_kind_of_signature() {
    assert_eq!(only_isolates(3), "depth 3");
    assert_eq!(generic("text", [1, 2]), ("text".to_owned(), 2));
    assert_eq!(generic::<u64, 0>(&5, []), ("5".to_owned(), 0));
    assert_eq!(longer("ab", "c"), "ab");
    assert_eq!(elided(&mut "x".to_owned()), "xx");
    let both = impl_in_both_places(7).into_iter();
    assert_eq!(both.collect::<Vec<_>>(), ["770", "771"]);
    closures(|n| n.to_string(), &|n| n.to_string(), Box::new(user));
    let pointer: unsafe extern "C" fn(*const u8) -> u8 = is_unsafe_and_extern;
    // SAFETY: The pointer comes from a reference.
    assert_eq!(unsafe { pointer(&7) }, 7);
    assert_eq!(called_from(), line!(), "the caller is tracked");
    assert_outside();
}

#[test]
fn every_kind_of_parameter() {
    let (t, u) = ("t".into(), "u".into());
    let seen = patterns((1, 0), [2, 0, 0], 3..4, &5, (6, 7), 8, t, 0, u);
    assert_eq!(seen, "1234(6, 7) 59t");
    assert_eq!(mutable_references("t".into(), (1, vec![2])), "t![2, 1]t");
    let later = mutable_references_later("t".into(), [1, 2]);
    assert_eq!(futures::executor::block_on(later), "t!3t");
    assert_eq!(as_alice(mutable_references_of_a_closure), "t!alice");
}

#[test]
fn every_kind_of_body_and_key() {
    assert_eq!(borrows_in_the_last_expression(Mutex::new(5)), 5);
    assert_eq!(with_items_inside(), "inner nested");
    assert_eq!(keys(), ("A".to_owned(), 5, 6));
    assert_eq!(through_path(), "renamed");
    assert_eq!(made("by"), "by macro");
    assert_eq!(now(), "now");
    assert_eq!(futures::executor::block_on(later()), "later!");
}
