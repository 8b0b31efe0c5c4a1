//! The arguments of an attribute: a list separated by commas.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::Token;
use syn::parse::{ParseStream, Parser};

use crate::error::Errors;

/// Calls `read` for each argument; after a mistake, reading continues after the next comma.
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
        if !begins_setting(input) {
            skip_argument(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
    }
    Ok(())
}

/// Whether `name =` follows.
fn begins_setting(input: ParseStream) -> bool {
    let ahead = input.fork();
    ahead.call(syn::Path::parse_mod_style).is_ok() && ahead.peek(Token![=])
}

fn skip_argument(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Returns the span of the last token of all arguments, for errors about what is missing after it.
pub(crate) fn last_span(input: ParseStream) -> Span {
    let rest = input.cursor().token_stream();
    rest.into_iter()
        .last()
        .map_or_else(Span::call_site, |token| token.span())
}
