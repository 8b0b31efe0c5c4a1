//! The macros in every edition, without the prelude and without a warning; see
//! `tests/fixtures/editions/every_form.rs`, whose lints the compiler and clippy check when they build it.

#[test]
fn edition_2018() {
    context_vars_edition_2018::check();
}

#[test]
fn edition_2021() {
    context_vars_edition_2021::check();
}

#[test]
fn edition_2024() {
    context_vars_edition_2024::check();
}
