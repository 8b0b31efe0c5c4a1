//! Where generated tokens claim to stand.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// For what is generated around something of the user's: errors point there, but local names
/// are our own, and lints that are about written code keep silent.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The same tokens, all at `span`.
pub(crate) fn relocated(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let inside = relocated(group.stream(), span);
                let mut group = Group::new(group.delimiter(), inside);
                group.set_span(span);
                TokenTree::Group(group)
            }
            mut token => {
                token.set_span(span);
                token
            }
        })
        .collect()
}

/// `{ inside }`, at `span`.
///
/// Around what stands for something of the user's, with that one's own span: rustc blames the
/// outermost token that is no macro's, which would be the attribute.
pub(crate) fn braces(inside: TokenStream, span: Span) -> Group {
    let mut group = Group::new(Delimiter::Brace, inside);
    group.set_span(span);
    group
}

/// Where the first and the last of `tokens` stand.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens.clone().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}
