//! `context_var!`: declares context variables.

mod parse;
mod validate;
mod expand;

use proc_macro2::TokenStream;

use crate::error::Errors;

/// Returns the statics for the declarations that can be read, and an error for each mistake.
pub(crate) fn context_var(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input = parse::parse(input, &mut errors);
    let context_vars = validate::validate(input, &mut errors);
    let mut output = errors.into_tokens();
    output.extend(expand::expand(&context_vars));
    output
}
