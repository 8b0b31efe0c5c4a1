//! Sizes that users pay for in every future.

use context_vars::{
    Context, ContextExt, ContextVar, InContext, LookupError, ResetError, Scope, Token, context_var,
};

context_var! {
    static USER: u64 = 0;
    static LARGE: [u8; 1024];
}

const WORD: usize = size_of::<usize>();

/// A future without a niche, the worst case.
struct Full([u64; 4]);

#[test]
fn context_is_two_words() {
    assert_eq!(size_of::<Context>(), 2 * WORD);
    assert_eq!(size_of::<Option<Context>>(), 2 * WORD);
}

#[test]
fn in_context_adds_at_most_three_words() {
    assert!(size_of::<InContext<Full>>() <= size_of::<Full>() + 3 * WORD);
    assert!(size_of::<InContext<()>>() <= 3 * WORD);
    let plain = async { std::future::pending::<()>().await };
    // With the feature `companion` the words of a context leave no gap for a future of one byte.
    let before = size_of_val(&plain).next_multiple_of(align_of::<usize>());
    assert!(size_of_val(&plain.inherit_context()) <= before + 3 * WORD);
    let _ = Full([0; 4]).0;
}

#[test]
fn scope_adds_at_most_six_words() {
    assert!(size_of::<Scope<Full>>() <= size_of::<Full>() + 6 * WORD);
    let plain = async { std::future::pending::<()>().await };
    let before = size_of_val(&plain);
    assert!(size_of_val(&USER.scope(1, plain)) <= before + 6 * WORD);
}

#[test]
fn tokens_and_errors_are_small() {
    // The id of a context has 64 bits everywhere.
    const ID: usize = size_of::<u64>();
    assert!(size_of::<Token<[u8; 1024]>>() <= 2 * WORD + ID);
    assert!(size_of::<LookupError>() <= 5 * WORD);
    assert!(size_of::<ResetError<[u8; 1024]>>() <= 3 * WORD + ID);
    assert!(size_of::<Result<(), ResetError<u64>>>() <= 3 * WORD + ID);
}

#[test]
fn sizes_of_variables_and_contexts_do_not_depend_on_the_values() {
    assert_eq!(
        size_of::<ContextVar<[u8; 1024]>>(),
        size_of::<ContextVar<()>>()
    );
    let large = Context::new().with_value(&LARGE, [0; 1024]);
    assert_eq!(size_of_val(&large), size_of::<Context>());
    let wrapped = std::future::pending::<()>().in_context(large);
    assert!(size_of_val(&wrapped) <= 3 * WORD);
}
