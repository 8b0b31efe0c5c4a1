//! The output for an item in which there are mistakes.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Token, Visibility};

use super::marks;
use crate::attribute::Attribute;
use crate::error::Errors;
use crate::function::not_a_function::NotAFunction;
use crate::tokens::{begins_item, count_attributes, is_punct, regroup};

/// Returns the errors together with the item, so that its uses cause no further errors.
///
/// The same attribute, `const` and the marks are removed from the item, because they would be reported
/// once more. The marks stay if the item has another attribute that will remove them.
pub(crate) fn fallback(attribute: Attribute, errors: Errors, item: TokenStream) -> TokenStream {
    let errors = errors.into_tokens();
    let read = |input: ParseStream| {
        let mut attributes = input.call(syn::Attribute::parse_outer)?;
        attributes.retain(|other| !attribute.is_at(other.path()));
        let takes_marks = |other: &syn::Attribute| Attribute::Inherit.is_at(other.path());
        let keeps_marks = attributes.iter().any(takes_marks);
        let is_expression = NotAFunction::peek(input).is_some_and(|other| other.is_expression());
        let visibility: Visibility = input.parse()?;
        if input.peek(Token![const]) && NotAFunction::peek(input).is_none() {
            input.parse::<Token![const]>()?;
        }
        let mut rest: TokenStream = input.parse()?;
        if !keeps_marks {
            rest = without_marks(rest);
        }
        if is_expression {
            return Ok(expression(&errors, rest));
        }
        Ok(quote!(#errors #(#attributes)* #visibility #rest))
    };
    let unread = quote!(#errors #item);
    read.parse2(item).unwrap_or(unread)
}

/// Returns one expression that contains the errors, because an attribute on an expression must not
/// return two expressions. The comma after an argument, which rustc passes to the attribute, is
/// left out.
fn expression(errors: &TokenStream, expression: TokenStream) -> TokenStream {
    let mut expression: Vec<TokenTree> = expression.into_iter().collect();
    while is_punct(expression.last(), ',') {
        expression.pop();
    }
    quote!({ #errors #(#expression)* })
}

/// Returns the same tokens without marks, because rustc rejects all attributes on expressions.
fn without_marks(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut output = TokenStream::new();
    let mut at = 0;
    while at < tokens.len() {
        let count = count_attributes(&tokens[at..]);
        if count > 0 && !begins_item(&tokens[at + count..]) {
            output.extend(other_attributes(&tokens[at..at + count]));
            at += count;
            continue;
        }
        output.extend([match &tokens[at] {
            TokenTree::Group(group) => regroup(group, without_marks(group.stream())),
            token => token.clone(),
        }]);
        at += 1;
    }
    output
}

fn other_attributes(tokens: &[TokenTree]) -> TokenStream {
    let written: TokenStream = tokens.iter().cloned().collect();
    match syn::Attribute::parse_outer.parse2(written.clone()) {
        Ok(mut attributes) => {
            marks::take(&mut attributes, &mut Errors::default());
            attributes.iter().map(ToTokens::to_token_stream).collect()
        }
        Err(_) => written,
    }
}
