//! `self` given by value, moved into a scope like any other parameter.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Receiver, ReceiverKind, Signature, Type};

use crate::body::marks;
use crate::{lints, spans};

/// The other name of `self`.
///
/// It is not hygienic, because in `"{self}"` it has to be found by the name alone.
const NAME: &str = "__self";

/// The receiver, if something is dropped with it.
pub(crate) fn by_value(signature: &Signature) -> Option<&Receiver> {
    signature
        .receiver()
        .filter(|receiver| match &receiver.kind {
            ReceiverKind::Reference(..) => false,
            ReceiverKind::Typed(_, ty) => !is_reference(ty),
            _ => true,
        })
}

/// Whether the type is `&Self` or `Pin<&mut Self>`.
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

/// `mut self` to `self` in the signature and `let mut __self = self;` in the body.
pub(crate) fn rebind(signature: &mut Signature) -> TokenStream {
    if by_value(signature).is_none() {
        return TokenStream::new();
    }
    let Some(syn::FnArg::Receiver(receiver)) = signature.inputs.first_mut() else {
        return TokenStream::new();
    };
    let mutability = receiver.mutability.take();
    let keyword = receiver.self_token;
    let at = spans::at(keyword.span);
    let allowed = lints::allowed(at);
    let name = Ident::new(NAME, keyword.span);
    quote_spanned!(at=> #allowed let #mutability #name = #keyword;)
}

/// Whether the other name occurs, which `#[async_trait]` gives to `self`, too.
pub(crate) fn is_renamed_in(tokens: &TokenStream) -> bool {
    let is_name = |token| matches!(token, TokenTree::Ident(name) if name == NAME);
    tokens.clone().into_iter().any(is_name)
}

/// Writes `__self` for `self`, except in functions inside.
pub(crate) fn rename(tokens: TokenStream) -> TokenStream {
    rename_in(tokens, false)
}

fn rename_in(tokens: TokenStream, in_macro: bool) -> TokenStream {
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
                let is_macro = is_macro_call(&tokens[..at]);
                marks::regroup(group, rename_in(group.stream(), is_macro))
            }
            TokenTree::Literal(text) if in_macro => TokenTree::Literal(rename_in_text(text)),
            other => other.clone(),
        }]);
        at += 1;
    }
    output
}

/// How many tokens of an item begin here in which `self` is another or a module.
fn untouched(tokens: &[TokenTree]) -> usize {
    let function = marks::nested_function(tokens);
    match tokens.first() {
        Some(TokenTree::Ident(word)) if word == "use" => {
            let end = tokens.iter().position(|token| is_punct(Some(token), ';'));
            end.map_or(function, |end| end + 1)
        }
        _ => function,
    }
}

/// Whether `tokens` end with `name!` or, where macros are defined, `macro_rules! name`.
fn is_macro_call(tokens: &[TokenTree]) -> bool {
    is_punct(tokens.last(), '!') && matches!(tokens.iter().rev().nth(1), Some(TokenTree::Ident(_)))
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// `"{self:?}"` to `"{__self:?}"`, but `"{{self}}"` stays.
fn rename_in_text(literal: &Literal) -> Literal {
    let text = literal.to_string();
    let mut output = String::new();
    let mut rest = text.as_str();
    while let Some(found) = rest.find("{self") {
        let (before, from) = rest.split_at(found);
        let after = &from["{self".len()..];
        let braces = 1 + before
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'{')
            .count();
        let is_name = braces % 2 == 1 && after.starts_with(['}', ':']);
        output.push_str(before);
        output.push_str(if is_name { "{__self" } else { "{self" });
        rest = after;
    }
    output.push_str(rest);
    match output.parse::<Literal>() {
        Ok(mut renamed) if output != text => {
            renamed.set_span(literal.span());
            renamed
        }
        _ => literal.clone(),
    }
}
