//! `#[detach_context]` outside of an annotated function, which is always an error.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};

use crate::attribute::Attribute;
use crate::error::Errors;
use crate::function::not_a_function::{EXPERIMENTAL, NotAFunction};
use crate::work::fallback::fallback;

/// Returns `item` with an error.
pub(crate) fn detach_context(item: TokenStream) -> TokenStream {
    let is_expression = |input: ParseStream| {
        let is_expression = NotAFunction::peek(input).is_some_and(|other| other.is_expression());
        input.parse::<TokenStream>()?;
        Ok(is_expression)
    };
    let help = if is_expression.parse2(item.clone()).is_ok_and(|is| is) {
        format!("apply `#[inherit_context]` to the function around it; {EXPERIMENTAL}")
    } else {
        "put it directly before `||`, `move ||` or `async {`".to_owned()
    };
    let message = "`#[detach_context]` can only be applied to a closure or an `async` block in a \
                   function marked `#[inherit_context]`";
    let mut errors = Errors::default();
    errors.push(Span::call_site(), message, help);
    fallback(Attribute::Detach, errors, item)
}
