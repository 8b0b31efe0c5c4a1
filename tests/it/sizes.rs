//! Sizes that users pay for in every future; the documentation has the same numbers.

use context_vars::{
    Attached, Context, ContextExt, ContextVar, InContext, LookupError, ResetError, Scope, Token,
    context_var, inherit,
};

context_var! {
    static USER: u64 = 0;
    static LARGE: [u8; 1024];
}

const WORD: usize = size_of::<usize>();

/// A future without a niche, the worst case.
type Full = [usize; 4];

/// The size that inheriting adds to work. With the feature `companion`, which another package of the same
/// build may enable, that is a word more; `tests/integrations/companion` has the test of it.
fn inheriting() -> usize {
    let size = size_of_val(&inherit(|| ()));
    assert!([2 * WORD, 3 * WORD].contains(&size), "{size}");
    size
}

async fn pending() {
    std::future::pending().await
}

#[test]
fn context_is_two_words_and_its_guard_one() {
    assert_eq!(size_of::<Context>(), 2 * WORD);
    assert_eq!(size_of::<Option<Context>>(), 2 * WORD);
    assert_eq!(size_of::<Option<Attached>>(), WORD);
}

#[test]
fn in_context_adds_as_much_as_inherit() {
    assert_eq!(size_of::<InContext<()>>(), inheriting());
    assert_eq!(size_of::<InContext<Full>>(), 4 * WORD + inheriting());
    let plain = size_of_val(&pending()).next_multiple_of(WORD);
    let wrapped = pending().inherit_context();
    assert_eq!(size_of_val(&wrapped), plain + inheriting());
}

#[test]
fn scope_adds_four_words() {
    assert_eq!(size_of::<Scope<()>>(), 4 * WORD);
    assert_eq!(size_of::<Scope<Full>>(), 8 * WORD);
    let plain = size_of_val(&pending()).next_multiple_of(WORD);
    assert_eq!(size_of_val(&USER.scope(1, pending())), plain + 4 * WORD);
}

#[test]
fn tokens_and_errors_are_small() {
    // The id of a context has 64 bits everywhere.
    const ID: usize = size_of::<u64>();
    assert_eq!(size_of::<Token<[u8; 1024]>>(), 2 * WORD + ID);
    assert_eq!(size_of::<LookupError>(), 2 * WORD);
    assert_eq!(size_of::<ResetError<[u8; 1024]>>(), 3 * WORD + ID);
    assert_eq!(size_of::<Result<(), ResetError<u64>>>(), 3 * WORD + ID);
}

#[test]
fn sizes_of_variables_and_contexts_do_not_depend_on_the_values() {
    assert_eq!(size_of_val(&LARGE), size_of::<ContextVar<()>>());
    let large = Context::new().with_value(&LARGE, [0; 1024]);
    assert_eq!(size_of_val(&large), size_of::<Context>());
    let wrapped = std::future::pending::<()>().in_context(large);
    assert_eq!(size_of_val(&wrapped), inheriting());
}
