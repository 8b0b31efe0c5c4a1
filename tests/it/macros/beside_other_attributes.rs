//! Our attributes above and below those of others.

use context_vars::{inherit_context, with_context};
use rstest::rstest;

use super::{USER, assert_outside, later, spawner, user};

#[with_context(user = "above".to_owned())]
#[test]
fn above_test() {
    // case 297
    assert_eq!(user(), "above");
}

#[test]
#[with_context(user = "below".to_owned())]
fn below_test() -> Result<(), std::num::ParseIntError> {
    // case 297
    assert_eq!(user(), "below");
    "5".parse::<u8>()?;
    Ok(())
}

#[with_context(user = "above".to_owned())]
#[tokio::test]
async fn above_tokio_test() {
    // case 297
    assert_eq!(later().await, "above");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[with_context(user = "below".to_owned())]
async fn below_tokio_test() {
    // case 297
    assert_eq!(later().await, "below");
}

#[tokio::test]
#[inherit_context]
#[with_context(user = "both".to_owned())]
async fn both_below_tokio_test() {
    assert_eq!(tokio::spawn(later()).await.unwrap(), "both");
}

#[with_context(user = "above".to_owned())]
#[tokio::main(flavor = "current_thread")]
async fn above_main() -> String {
    later().await
}

#[tokio::main(flavor = "current_thread")]
#[with_context(user = "below".to_owned())]
async fn below_main() -> String {
    later().await
}

#[test]
fn tokio_main() {
    assert_eq!(above_main(), "above");
    assert_eq!(below_main(), "below");
    assert_outside();
}

#[with_context(user = name.to_owned())]
#[tracing::instrument]
fn above_instrument(name: &str) -> String {
    user()
}

#[tracing::instrument(skip(name))]
#[with_context(user = name.to_owned())]
fn below_instrument(name: &str) -> String {
    user()
}

#[with_context(user = name.to_owned())]
#[tracing::instrument(err)]
async fn above_async_instrument(name: &str) -> Result<String, std::num::ParseIntError> {
    "5".parse::<u8>()?;
    Ok(later().await)
}

#[tracing::instrument(fields(user = user()))]
#[with_context(user = name.to_owned())]
async fn below_async_instrument(name: &str) -> String {
    later().await
}

#[tokio::test]
async fn tracing_instrument() {
    assert_eq!(above_instrument("a"), "a");
    assert_eq!(below_instrument("b"), "b");
    assert_eq!(above_async_instrument("c").await.unwrap(), "c");
    assert_eq!(below_async_instrument("d").await, "d");
    assert_outside();
}

#[with_context(user = name.to_owned())]
#[rstest]
#[case("a", 1)]
#[case("ab", 2)]
fn above_rstest(#[case] name: &str, #[case] length: usize) {
    assert_eq!(user().len(), length);
}

#[rstest]
#[case("a", 1)]
#[case("ab", 2)]
// It goes to the test of each case, which has no arguments.
#[with_context(user = "below".to_owned())]
fn below_rstest(#[case] name: &str, #[case] length: usize) {
    assert_eq!((user().as_str(), name.len()), ("below", length));
}

#[rstest]
#[case("a")]
#[tokio::test]
#[with_context(user = "below".to_owned())]
async fn below_rstest_and_tokio(#[case] name: &str) {
    assert_eq!((later().await.as_str(), name), ("below", "a"));
}

/// Documented.
#[inline]
#[must_use]
#[doc(alias = "other")]
#[cfg(not(any()))]
#[with_context(user = "plain".to_owned())]
#[inline(always)]
#[allow(unused_attributes, clippy::inline_always)]
#[cfg_attr(any(), no_such_attribute)]
fn plain_attributes() -> String {
    user()
}

#[cfg_attr(not(any()), with_context(user = "conditional".to_owned()))]
fn in_cfg_attr() -> String {
    user()
}

#[cfg(any())]
#[with_context(no_such_variable = 5)]
fn switched_off() {}

#[test]
fn attributes_of_the_language() {
    assert_eq!(plain_attributes(), "plain");
    assert_eq!(in_cfg_attr(), "conditional");
    assert_outside();
}

#[with_context(user = "a".to_owned())]
fn on_parameters(
    #[allow(unused_variables)] unused: u8,
    #[cfg(any())] gone: NoSuchType,
    #[cfg(not(any()))] here: u8,
    #[expect(unused_variables)] expected: u8,
) -> (String, u8) {
    (user(), here)
}

#[with_context(user = "a".to_owned())]
async fn on_parameters_later(
    #[allow(unused_variables)] unused: u8,
    #[cfg(any())] gone: NoSuchType,
    #[cfg(not(any()))] here: u8,
    #[expect(unused_variables)] expected: u8,
) -> (String, u8) {
    (user(), here)
}

#[tokio::test]
async fn attributes_of_parameters() {
    assert_eq!(on_parameters(1, 2, 3), ("a".to_owned(), 2));
    assert_eq!(on_parameters_later(1, 2, 3).await, ("a".to_owned(), 2));
}

#[inherit_context]
#[with_context(user = "both".to_owned())]
fn inherit_above() -> [String; 2] {
    let marked = #[detach_context]
    || user();
    [spawner::spawn(user), marked()]
}

#[with_context(user = "both".to_owned())]
#[inherit_context]
fn inherit_below() -> [String; 2] {
    let marked = #[detach_context]
    || user();
    [spawner::spawn(user), marked()]
}

#[test]
fn both_attributes_in_either_order() {
    assert_eq!(inherit_above(), ["both", "nobody"]);
    assert_eq!(inherit_below(), ["both", "nobody"]);
    assert_outside();
}
