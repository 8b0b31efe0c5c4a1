//! Where generated tokens claim to stand.

use proc_macro2::{Group, Span, TokenStream, TokenTree};

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
