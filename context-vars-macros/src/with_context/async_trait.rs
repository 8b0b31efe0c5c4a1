//! What `#[async_trait]` makes of an `async fn`, before `#[with_context]` sees it:
//!
//! ```text
//! fn name<'async_trait>(…) -> Pin<Box<dyn Future<…> + Send + 'async_trait>> {
//!     Box::pin(async move { … })
//! }
//! ```

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::body::marks::regroup;
use crate::function::Function;

/// `Box::pin(async move { … })`, in its parts.
pub(super) struct Boxed {
    /// `Box::pin`
    before: Vec<TokenTree>,
    parentheses: Group,
    /// `async move`
    head: Vec<TokenTree>,
    block: Group,
}

/// Takes the body apart if it is one of these.
pub(super) fn detect(function: &Function) -> Option<Boxed> {
    let mut lifetimes = function.signature.generics.lifetimes();
    lifetimes.find(|lifetime| lifetime.lifetime.ident == "async_trait")?;
    let (before, parentheses) = split(function.body.tokens.clone(), Delimiter::Parenthesis)?;
    let (head, block) = split(parentheses.stream(), Delimiter::Brace)?;
    let is_async = matches!(head.first(), Some(TokenTree::Ident(word)) if word == "async");
    (is_async && head.len() == 2).then_some(Boxed {
        before,
        parentheses,
        head,
        block,
    })
}

/// Takes the last token off, if it is a group.
fn split(tokens: TokenStream, delimiter: Delimiter) -> Option<(Vec<TokenTree>, Group)> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    match tokens.pop() {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some((tokens, group)),
        _ => None,
    }
}

impl Boxed {
    /// The block that was the function's body, braces included.
    pub(super) fn block(&self) -> TokenStream {
        self.block.to_token_stream()
    }

    /// `Box::pin(future)`, where `future` is made of `async move`.
    pub(super) fn with(&self, future: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
        let Self { before, head, .. } = self;
        let inside = future(quote!(#(#head)*));
        let inside = regroup(&self.parentheses, inside);
        quote!(#(#before)* #inside)
    }
}
