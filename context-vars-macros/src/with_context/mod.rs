//! `#[with_context]`: a scope around every call of a function.

mod parse;
mod validate;
mod async_trait;
mod expand;

use proc_macro2::TokenStream;

use crate::attribute::Attribute;
use crate::error::Errors;
use crate::work::fallback::fallback;

/// Returns the function with a scope in it, or unchanged with an error for each mistake.
pub(crate) fn with_context(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input = parse::parse(arguments, item.clone(), &mut errors);
    let scoped = input.and_then(|input| validate::validate(input, &mut errors));
    match scoped {
        Some(scoped) if errors.is_empty() => expand::expand(scoped),
        _ => fallback(Attribute::With, errors, item),
    }
}
