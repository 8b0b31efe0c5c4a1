//! `#[inherit_context]`: the work that a function spawns inherits the context.

mod parse;
mod validate;
mod expand;

use proc_macro2::TokenStream;

use crate::attribute::Attribute;
use crate::error::Errors;
use crate::work::fallback::fallback;

/// Returns the function with its spawn calls rewritten, or unchanged with an error for each mistake.
pub(crate) fn inherit_context(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input = parse::parse(arguments, item.clone(), &mut errors);
    let inheriting = input.map(|input| validate::validate(input, &mut errors));
    match inheriting {
        Some(inheriting) if errors.is_empty() => expand::expand(&inheriting),
        _ => fallback(Attribute::Inherit, errors, item),
    }
}
