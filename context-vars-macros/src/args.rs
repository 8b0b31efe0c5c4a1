//! The arguments of an attribute: a list separated by commas.

use proc_macro2::{TokenStream, TokenTree};
use syn::Token;
use syn::parse::{ParseStream, Parser};

use crate::error::{Errors, expected, mistake};
use crate::source_text;

/// Calls `read` for each argument; after a mistake, reading continues after the next comma.
pub(crate) fn parse(
    arguments: TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(ParseStream, &mut Errors) -> syn::Result<()>,
) {
    let list = |input: ParseStream| {
        while !input.is_empty() {
            let start = input.cursor();
            if let Err(error) = read(input, errors) {
                errors.add(error);
                skip_argument(input)?;
            }
            let argument = source_text::since(start, input);
            end(argument, input, errors)?;
        }
        Ok(())
    };
    if let Err(error) = list.parse2(arguments) {
        errors.add(error);
    }
}

/// Reads the comma after `argument`.
fn end(argument: TokenStream, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    if input.is_empty() || input.parse::<Option<Token![,]>>()?.is_some() {
        return Ok(());
    }
    let next = source_text::of(source_text::next(input));
    if begins_setting(input) {
        let last = source_text::last(argument);
        let help = format!("separate the arguments by `,`: `…, {next} = …`");
        errors.add(mistake(&last, "expected `,` after this argument", help));
        return Ok(());
    }
    if input.peek(Token![;]) {
        errors.add(expected(input, "`,`", "separate the arguments by `,`"));
        input.parse::<Token![;]>()?;
        return Ok(());
    }
    let help = "give one expression as the value, and separate the arguments by `,`";
    errors.add(expected(input, "`,`", help));
    skip_argument(input)?;
    input.parse::<Option<Token![,]>>()?;
    Ok(())
}

/// Returns `true` if `name =` follows.
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
