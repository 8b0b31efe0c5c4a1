//! Variance: lifetimes and function types that may replace each other.
//!
//! A variable is not covariant, because code could then set a value that lives shorter than its readers.
//! `ui/rustc/runtime/variable_of_a_subtype.rs` shows what does not compile, for tokens too.

use context_vars::{Context, Entry, InContext, Iter, Scope, context_var};

/// A longer lifetime can be shortened.
fn shorter_entry<'short, 'long: 'short>(entry: Entry<'long>) -> Entry<'short> {
    entry
}

fn shorter_iter<'short, 'long: 'short>(iter: Iter<'long>) -> Iter<'short> {
    iter
}

fn shorter_work<'short, 'long: 'short>(work: InContext<&'long str>) -> InContext<&'short str> {
    work
}

fn shorter_scope<'short, 'long: 'short>(
    scope: Scope<&'long mut dyn Future<Output = ()>>,
) -> Scope<&'short mut (dyn Future<Output = ()> + 'long)> {
    scope
}

context_var! {
    static FUNCTION: fn(&str) -> usize;
    static NAME: &str;
}

#[test]
fn entries_iterators_and_wrappers_are_covariant() {
    let _: [usize; 4] = [
        shorter_entry as *const () as usize,
        shorter_iter as *const () as usize,
        shorter_work as *const () as usize,
        shorter_scope as *const () as usize,
    ];
    let context = Context::new().with_value(&NAME, "alice");
    let entry = shorter_entry(context.iter().next().unwrap());
    // The value of an entry lives as long as the context, not as the entry.
    let name = { entry }.downcast_ref::<&str>();
    assert_eq!(name, Some(&"alice"));
    assert_eq!(shorter_iter(context.iter()).len(), 1);
}

#[test]
fn function_for_all_lifetimes_is_read_back_as_one() {
    FUNCTION.sync_scope(str::len, || {
        let local = String::from("local");
        assert_eq!(FUNCTION.with(|function| function(&local)), 5);
    });
}
