//! `self` given by value, moved into a scope like any other parameter.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Receiver, ReceiverKind, Signature, Type};

use super::format_string;
use crate::tokens::{is_punct, is_word, nested_function};
use crate::{lints, tokens};

/// The name of `self` in a scope.
///
/// It is not hygienic, because a format string finds it by the text alone.
const NAME: &str = "__self";

/// Returns the receiver if it is not a reference, so that dropping it may run code.
pub(crate) fn by_value(signature: &Signature) -> Option<&Receiver> {
    signature
        .receiver()
        .filter(|receiver| match &receiver.kind {
            ReceiverKind::Reference(..) => false,
            ReceiverKind::Typed(_, ty) => !is_reference(ty),
            _ => true,
        })
}

/// Returns `true` if the type is `&Self` or `Pin<&mut Self>`.
fn is_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) => true,
        Type::Paren(ty) => is_reference(&ty.elem),
        Type::Path(ty) => ty.path.segments.last().is_some_and(|last| {
            let syn::PathArguments::AngleBracketed(list) = &last.arguments else {
                return false;
            };
            let is_reference =
                |argument: &_| matches!(argument, syn::GenericArgument::Type(Type::Reference(_)));
            last.ident == "Pin" && list.args.iter().any(is_reference)
        }),
        _ => false,
    }
}

/// Changes `mut self` to `self` in the signature and `let mut __self = self;` in the body.
pub(crate) fn rebind(signature: &mut Signature) -> TokenStream {
    if by_value(signature).is_none() {
        return TokenStream::new();
    }
    let Some(syn::FnArg::Receiver(receiver)) = signature.inputs.first_mut() else {
        return TokenStream::new();
    };
    let mutability = receiver.mutability.take();
    let keyword = receiver.self_token;
    let at = tokens::hygienic_at(keyword.span);
    let name = Ident::new(NAME, keyword.span);
    let allowed = lints::rebinding_allowed(&name, at);
    quote_spanned!(at=> #allowed let #mutability #name = #keyword;)
}

/// Returns `true` if `__self` occurs, which is also the name that `#[async_trait]` gives to `self`.
pub(crate) fn is_renamed_in(tokens: &TokenStream) -> bool {
    tokens
        .clone()
        .into_iter()
        .any(|token| is_word(&token, NAME))
}

/// Returns `true` if a macro is called with `self` among its tokens, or with a text like `"{self}"`.
pub(crate) fn is_given_to_a_macro(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        // In `stringify!`, `self` is only text.
        let untouched = untouched(&tokens[at..]);
        if let (0, TokenTree::Group(group)) = (untouched, &tokens[at]) {
            let inside = group.stream();
            let is_macro = called_macro(&tokens[..at]).is_some();
            if is_macro && mentions_self(&inside) || is_given_to_a_macro(&inside) {
                return true;
            }
        }
        at += untouched.max(1);
    }
    false
}

fn mentions_self(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(name) => name == "self",
        TokenTree::Group(group) => mentions_self(&group.stream()),
        TokenTree::Literal(text) => text.to_string().contains("{self"),
        TokenTree::Punct(_) => false,
    })
}

/// Replaces `self` by `__self`, except in nested functions.
pub(crate) fn rename(tokens: TokenStream) -> TokenStream {
    rename_in(tokens, None)
}

/// Like [`rename`], for tokens of which the one with the index `format_string` is a format string.
fn rename_in(tokens: TokenStream, format_string: Option<usize>) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut output = TokenStream::new();
    let mut at = 0;
    while at < tokens.len() {
        let untouched = untouched(&tokens[at..]);
        output.extend(tokens[at..at + untouched].iter().cloned());
        at += untouched;
        let Some(token) = tokens.get(at) else { break };
        if untouched > 0 {
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_path = is_punct(tokens.get(at + 1), ':') && is_punct(tokens.get(at + 2), ':');
        output.extend([match token {
            TokenTree::Ident(name) if name == "self" && !is_path && !is_punct(before, '$') => {
                TokenTree::Ident(Ident::new(NAME, name.span()))
            }
            TokenTree::Group(group) => {
                let inside = group.stream();
                let text = called_macro(&tokens[..at])
                    .and_then(|name| format_string::format_string(name, &inside));
                tokens::regroup(group, rename_in(inside, text))
            }
            TokenTree::Literal(text) if format_string == Some(at) => {
                TokenTree::Literal(format_string::rename(text, NAME))
            }
            other => other.clone(),
        }]);
        at += 1;
    }
    output
}

/// Returns the number of tokens at the beginning in which `self` has another meaning: another
/// receiver, a module, or text.
fn untouched(tokens: &[TokenTree]) -> usize {
    let function = nested_function(tokens);
    match tokens.first() {
        Some(TokenTree::Ident(word)) if word == "use" => {
            let end = tokens.iter().position(|token| is_punct(token, ';'));
            end.map_or(function, |end| end + 1)
        }
        Some(TokenTree::Ident(word)) if word == "pub" => {
            2 * usize::from(tokens.get(1).is_some_and(is_restriction))
        }
        Some(TokenTree::Ident(word)) if word == "stringify" && is_punct(tokens.get(1), '!') => {
            tokens.len().min(3)
        }
        _ => function,
    }
}

/// Returns `true` if this is the `(self)` or `(in self::path)` of a visibility.
fn is_restriction(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
    let is_alone = inside.len() == 1;
    matches!(inside.first(), Some(TokenTree::Ident(word)) if word == "in" || is_alone)
}

/// Returns the name if `tokens` end with `name!`.
fn called_macro(tokens: &[TokenTree]) -> Option<&Ident> {
    match tokens {
        [.., TokenTree::Ident(name), bang] if is_punct(bang, '!') => Some(name),
        _ => None,
    }
}
