//! Finds the calls of our macros in a file and expands them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Item, Meta, TraitItem};

use crate::tokens::regroup;

/// Returns the file with every call of our macros replaced by its expansion, in the order of rustc:
/// the first attribute of an item first.
pub(super) fn expand(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut output = TokenStream::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        at += match attribute(rest).or_else(|| call(rest)) {
            Some((expanded, length)) => {
                output.extend(expanded);
                length
            }
            None => {
                output.extend([match &rest[0] {
                    TokenTree::Group(group) => regroup(group, expand(group.stream())),
                    token => token.clone(),
                }]);
                1
            }
        };
    }
    output
}

/// `context_var! { … }`
fn call(tokens: &[TokenTree]) -> Option<(TokenStream, usize)> {
    let [
        TokenTree::Ident(name),
        TokenTree::Punct(_),
        TokenTree::Group(input),
        ..,
    ] = tokens
    else {
        return None;
    };
    let expanded =
        (name == "context_var").then(|| crate::context_var::context_var(input.stream()))?;
    let is_braced = input.delimiter() == Delimiter::Brace;
    Some((expanded, if is_braced { 3 } else { 4 }))
}

/// `#[with_context(…)]` or `#[inherit_context]`, with the item after it.
fn attribute(tokens: &[TokenTree]) -> Option<(TokenStream, usize)> {
    let read = |input: ParseStream| {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let ours = attributes.iter().position(is_ours);
        let ours = ours.map(|index| attributes.remove(index));
        let item = match input.fork().parse::<Item>() {
            Ok(_) => input.parse::<Item>()?.into_token_stream(),
            Err(_) => input.parse::<TraitItem>()?.into_token_stream(),
        };
        let rest: TokenStream = input.parse()?;
        let ours = ours.ok_or_else(|| input.error("none of ours"))?;
        let item = quote::quote!(#(#attributes)* #item);
        Ok((apply(&ours, item), rest.into_iter().count()))
    };
    matches!(tokens.first(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#').then_some(())?;
    let (expanded, left) = read.parse2(tokens.iter().cloned().collect()).ok()?;
    Some((expand(expanded), tokens.len() - left))
}

fn is_ours(attribute: &Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("with_context") || path.is_ident("inherit_context")
}

fn apply(attribute: &Attribute, item: TokenStream) -> TokenStream {
    let arguments = match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    if attribute.path().is_ident("with_context") {
        crate::with_context::with_context(arguments, item)
    } else {
        crate::inherit_context::inherit_context(arguments, item)
    }
}

/// Returns the messages of all `compile_error!`s.
pub(super) fn messages(tokens: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut messages = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let is_error = index.checked_sub(2).is_some_and(
            |name| matches!(&tokens[name], TokenTree::Ident(name) if name == "compile_error"),
        );
        match syn::parse2::<syn::LitStr>(group.stream()) {
            Ok(message) if is_error => messages.push(message.value()),
            _ => messages.extend(self::messages(group.stream())),
        }
    }
    messages
}
