//! What `#[async_trait]` makes of an `async fn`, before `#[with_context]` sees it:
//!
//! ```text
//! fn name<'async_trait>(self, a: A) -> Pin<Box<dyn Future<Output = R> + Send + 'async_trait>> {
//!     Box::pin(async move {
//!         let __self = self;
//!         let a = a;
//!         let __ret: R = { body };
//!         __ret
//!     })
//! }
//! ```

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::function::Function;
use crate::function::receiver;
use crate::tokens::{is_group, is_punct, is_word, regroup};

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
    (is_word(head.first(), "async") && head.len() == 2).then_some(Boxed {
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
    /// The block with `values` right before the function's own body, behind the arguments.
    pub(super) fn block_with(&self, values: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = self.block.stream().into_iter().collect();
        let (arguments, body) = tokens.split_at(body_statement(&tokens));
        let arguments: TokenStream = arguments.iter().cloned().collect();
        let values = if receiver::is_renamed_in(&arguments) {
            receiver::rename(values)
        } else {
            values
        };
        regroup(&self.block, quote!(#arguments #values #(#body)*)).into_token_stream()
    }

    /// `Box::pin(future)`, where `future` is made of `async move`.
    pub(super) fn with(&self, future: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
        let Self { before, head, .. } = self;
        let inside = future(quote!(#(#head)*));
        let inside = regroup(&self.parentheses, inside);
        quote!(#(#before)* #inside)
    }
}

/// Where `let … = { … };` begins; 0 if there is none.
fn body_statement(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().enumerate().position(|(index, token)| {
        index > 0
            && is_group(token, Delimiter::Brace)
            && is_punct(&tokens[index - 1], '=')
            && is_punct(tokens.get(index + 1), ';')
    });
    end.and_then(|end| {
        tokens[..end]
            .iter()
            .rposition(|token| is_word(token, "let"))
    })
    .unwrap_or_default()
}
