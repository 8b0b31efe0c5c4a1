//! The arguments of an attribute: a list with commas between.

use proc_macro2::{TokenStream, TokenTree};
use syn::Token;
use syn::parse::{ParseStream, Parser};

use crate::error::Errors;

/// Calls `read` for each argument; after a mistake goes on behind the next comma.
pub(crate) fn parse(
    arguments: TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(ParseStream, &mut Errors) -> syn::Result<()>,
) {
    let list = |input: ParseStream| {
        while !input.is_empty() {
            if let Err(error) = read(input, errors) {
                errors.add(error);
                skip_argument(input)?;
            }
            end(input, errors)?;
        }
        Ok(())
    };
    if let Err(error) = list.parse2(arguments) {
        errors.add(error);
    }
}

/// Reads the comma after an argument.
fn end(input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    if input.is_empty() || input.parse::<Option<Token![,]>>()?.is_some() {
        return Ok(());
    }
    let at = input.span();
    if input.parse::<Option<Token![;]>>()?.is_some() {
        errors.push(at, "`;` stands between two arguments: write `,`");
    } else {
        errors.push(at, "`,` is missing before this: write it");
        if !input.peek(syn::Ident) {
            skip_argument(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
    }
    Ok(())
}

fn skip_argument(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
