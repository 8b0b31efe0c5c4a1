//! Sizes that users pay for in every future.

use context_vars::{
    Context, ContextExt, ContextVar, InContext, LookupError, ResetError, Scope, Token, context_var,
};

context_var! {
    static USER: u64 = 0;
    static LARGE: [u8; 1024];
}

/// A future without a niche, the worst case.
struct Full([u64; 4]);

#[test]
fn context_is_two_words() {
    assert_eq!(size_of::<Context>(), 2 * size_of::<usize>());
    assert_eq!(size_of::<Option<Context>>(), 2 * size_of::<usize>());
}

#[test]
fn in_context_adds_at_most_24_bytes() {
    assert!(size_of::<InContext<Full>>() <= size_of::<Full>() + 24);
    assert!(size_of::<InContext<()>>() <= 24);
    let plain = async { std::future::pending::<()>().await };
    // With the feature `companion` the words of a context leave no gap for a future of one byte.
    let before = size_of_val(&plain).next_multiple_of(align_of::<usize>());
    assert!(size_of_val(&plain.inherit_context()) <= before + 24);
    let _ = Full([0; 4]).0;
}

#[test]
fn scope_adds_at_most_48_bytes() {
    assert!(size_of::<Scope<Full>>() <= size_of::<Full>() + 48);
    let plain = async { std::future::pending::<()>().await };
    let before = size_of_val(&plain);
    assert!(size_of_val(&USER.scope(1, plain)) <= before + 48);
}

#[test]
fn tokens_and_errors_are_small() {
    assert!(size_of::<Token<[u8; 1024]>>() <= 3 * size_of::<usize>());
    assert!(size_of::<LookupError>() <= 5 * size_of::<usize>());
    assert!(size_of::<ResetError<[u8; 1024]>>() <= 4 * size_of::<usize>());
    assert!(size_of::<Result<(), ResetError<u64>>>() <= 4 * size_of::<usize>());
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
    assert!(size_of_val(&wrapped) <= 24);
}
